/* SPDX-License-Identifier: MIT */
/*
 * tunnel: memory that crosses the network inside an ssh connection.
 *
 * A controller opens one more connection to each host of the move, and asks the agent at its end to
 * be a tunnel from then on. It passes on all bytes between both. So a tunnel hears the frames of
 * the other one:
 *
 *   FRAME_DATA    bytes of a stream; without any: no more will come in this direction
 *   FRAME_CANCEL  the stream is broken
 *   FRAME_BEAT    the other tunnel lives
 *
 * There is one stream at a time, criu's connection with its page server. Its id is odd if the
 * source has begun it. On the source criu has a port of the loopback; on the destination whoever
 * starts criu connects to an abstract socket of the tunnel, and hands that on to criu. The bytes
 * that wait in a tunnel are few, so the network's pace is criu's.
 *
 * A tunnel is no session and has no record: it ends with either connection, with 20 s of silence,
 * or by close-tunnel, and then criu sees the end of its connection.
 */
#ifndef CMIGRATE_AGENT_TUNNEL_H
#define CMIGRATE_AGENT_TUNNEL_H

#include "agent/request/request.h"

/* The request that makes an agent a tunnel, when it is the only one of its connection. */
#define TUNNEL_VERB "tunnel"

struct tunnel {
	int listener;	 /* the stream begins here; -1: it does not */
	bool by_network; /* the listener is a port */
	unsigned port;	 /* of the source; 0: this is the destination */
	bool connects;	 /* the stream goes to that port */
};

/* Prepares what the verb `tunnel` asked for. For the thread that serves the connection. */
int verb_tunnel(struct request *req);
int verb_close_tunnel(struct request *req);
/*
 * Is the tunnel that the verb has prepared, until it ends. in, out: its connection; heard: what has
 * been read of it already. Returns the exit status of the agent.
 */
int tunnel_serve(int in, int out, struct buf *heard);
/* The same, of a tunnel. */
int tunnel_carry(const struct tunnel *tunnel, int in, int out, struct buf *heard);

/* On the destination: a connection through the tunnel of that move, for criu, which inherits it. -1
 * with a message. */
int tunnel_connect(struct request *req);

#endif
