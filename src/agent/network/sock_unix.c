/* SPDX-License-Identifier: MIT */
#include "sock_unix.h"

#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "sock_netlink.h"

#define WAITING_MAX 128
#define NAME_MAX_BYTES 108

struct unix_walk {
	void (*each)(const struct unix_sock *sock, void *ctx);
	void *ctx;
};

/* An attribute of a fixed size; it stays as it is if the kernel sent none. */
static void take(const struct nlmsghdr *msg, unsigned type, void *ret, size_t size)
{
	const void *value = sock_attr(msg, sizeof(struct unix_diag_msg), type, size, NULL);

	if (value)
		memcpy(ret, value, size);
}

static void take_name(const struct nlmsghdr *msg, struct unix_sock *sock)
{
	sock->name =
		sock_attr(msg, sizeof(struct unix_diag_msg), UNIX_DIAG_NAME, 1, &sock->name_len);
	if (sock->name_len > NAME_MAX_BYTES)
		sock->name_len = NAME_MAX_BYTES;
}

static void take_waiting(const struct nlmsghdr *msg, struct unix_sock *sock,
			 uint32_t room[WAITING_MAX])
{
	size_t len;
	const void *icons =
		sock_attr(msg, sizeof(struct unix_diag_msg), UNIX_DIAG_ICONS, sizeof(*room), &len);

	if (!icons)
		return;
	sock->n_waiting = len / sizeof(*room) < WAITING_MAX ? len / sizeof(*room) : WAITING_MAX;
	memcpy(room, icons, sock->n_waiting * sizeof(*room));
	sock->waiting = room;
}

static bool on_unix(const struct nlmsghdr *msg, void *ctx)
{
	const struct unix_walk *walk = ctx;
	struct unix_diag_msg d;
	struct unix_diag_vfs vfs = {0};
	struct unix_diag_rqlen queues = {0};
	uint32_t waiting[WAITING_MAX];

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return true;
	memcpy(&d, NLMSG_DATA(msg), sizeof(d));
	struct unix_sock sock = {.inode = d.udiag_ino,
				 .type = d.udiag_type,
				 .listens = d.udiag_state == TCP_LISTEN,
				 .connected = d.udiag_type != SOCK_DGRAM &&
					      d.udiag_state == TCP_ESTABLISHED};
	take(msg, UNIX_DIAG_PEER, &sock.peer, sizeof(sock.peer));
	take(msg, UNIX_DIAG_VFS, &vfs, sizeof(vfs));
	sock.file = vfs.udiag_vfs_ino;
	take(msg, UNIX_DIAG_RQLEN, &queues, sizeof(queues));
	sock.unread = queues.udiag_wqueue;
	take_name(msg, &sock);
	take_waiting(msg, &sock, waiting);
	walk->each(&sock, walk->ctx);
	return true;
}

int sock_list_unix(struct request *req, void (*each)(const struct unix_sock *sock, void *ctx),
		   void *ctx)
{
	struct unix_walk walk = {each, ctx};
	struct unix_diag_req r = {
		.sdiag_family = AF_UNIX,
		.udiag_states = ~0u,
		.udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_VFS | UDIAG_SHOW_NAME |
			      UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN,
	};

	if (sock_netlink_dump(&r, sizeof(r), on_unix, &walk) == 0)
		return 0;
	(void)request_errno(req, "the kernel doesn't tell its unix sockets");
	return -1;
}

const char *unix_type(const struct unix_sock *sock)
{
	return sock->type == SOCK_DGRAM	      ? "datagram"
	       : sock->type == SOCK_SEQPACKET ? "seqpacket"
					      : "stream";
}

char *unix_name(const struct unix_sock *sock)
{
	struct buf text = {0};

	if (!sock->name_len)
		buf_puts(&text, "-");
	for (size_t i = 0; i < sock->name_len; i++) {
		char c = sock->name[i];
		/* The kernel sends the zero after a path along. */
		if (!c && i && *sock->name)
			break;
		if (!c && !i)
			buf_puts(&text, "@");
		else if (c > ' ' && c < 0x7f && c != '\\' && c != ',' && (i || c != '@'))
			buf_add(&text, &c, 1);
		else
			buf_printf(&text, "\\x%02x", (unsigned char)c);
	}
	return buf_steal(&text);
}

bool unix_holds_abstract(const struct unix_sock *sock)
{
	/* An accepted socket has the name of its listener, and only shows it. */
	return sock->name_len && !*sock->name && !sock->connected;
}
