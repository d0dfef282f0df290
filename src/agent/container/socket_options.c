/* SPDX-License-Identifier: MIT */
/* Options of sockets that CRIU doesn't know. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/request/text_file.h"
#include "socket_copy.h"

#define SYSCTL_MAX 64

enum applies {
	TCP = 1,
	LISTENER = 2, /* of TCP: others have a value of the kernel's */
	DATAGRAM = 4, /* UDP and raw */
	V4 = 8,
	V6 = 16,
};

/* An option that CRIU doesn't dump, and its value if nobody has set it. Those that every resolver
 * (IP_RECVERR) or web server (TCP_DEFER_ACCEPT) sets, and that nobody misses, are left out. */
struct option {
	unsigned applies;
	int level, name;
	const char *word;
	int usual;
	const char *sysctl; /* below /proc/sys/net, has the usual value instead; NULL: none */
};

static const struct option options[] = {
	{TCP, IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", 0, NULL},
	{TCP, IPPROTO_TCP, TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT", 0, NULL},
	{TCP, IPPROTO_TCP, TCP_SYNCNT, "TCP_SYNCNT", 0, "ipv4/tcp_syn_retries"},
	{TCP, IPPROTO_TCP, TCP_LINGER2, "TCP_LINGER2", 0, "ipv4/tcp_fin_timeout"},
	{TCP, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT", 0, NULL},
	{LISTENER, IPPROTO_TCP, TCP_FASTOPEN, "TCP_FASTOPEN", 0, NULL},
	{LISTENER, IPPROTO_TCP, TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP", 0, NULL},
	{LISTENER, IPPROTO_TCP, TCP_MAXSEG, "TCP_MAXSEG", 536, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_MULTICAST_TTL, "IP_MULTICAST_TTL", 1, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_MULTICAST_LOOP, "IP_MULTICAST_LOOP", 1, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_MULTICAST_IF, "IP_MULTICAST_IF", 0, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_RECVTTL, "IP_RECVTTL", 0, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_RECVTOS, "IP_RECVTOS", 0, NULL},
	{DATAGRAM | V6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, "IPV6_MULTICAST_HOPS", 1, NULL},
	{DATAGRAM | V6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, "IPV6_MULTICAST_LOOP", 1, NULL},
	{DATAGRAM | V6, IPPROTO_IPV6, IPV6_MULTICAST_IF, "IPV6_MULTICAST_IF", 0, NULL},
	{DATAGRAM | V6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, "IPV6_RECVHOPLIMIT", 0, NULL},
	{DATAGRAM | V6, IPPROTO_IPV6, IPV6_RECVTCLASS, "IPV6_RECVTCLASS", 0, NULL},
	{DATAGRAM | V4, IPPROTO_IP, IP_MTU_DISCOVER, "IP_MTU_DISCOVER", IP_PMTUDISC_WANT, NULL},
	{0, SOL_SOCKET, SO_MAX_PACING_RATE, "SO_MAX_PACING_RATE", -1, NULL},
	{DATAGRAM, SOL_SOCKET, SO_TIMESTAMPING, "SO_TIMESTAMPING", 0, NULL},
	{DATAGRAM, SOL_SOCKET, SO_RXQ_OVFL, "SO_RXQ_OVFL", 0, NULL},
	{DATAGRAM, SOL_SOCKET, SO_PEEK_OFF, "SO_PEEK_OFF", -1, NULL},
	{DATAGRAM, SOL_SOCKET, SO_TIMESTAMP, "SO_TIMESTAMP", 0, NULL},
	{DATAGRAM, SOL_SOCKET, SO_TIMESTAMPNS, "SO_TIMESTAMPNS", 0, NULL},
};
#define N_OPTIONS (sizeof(options) / sizeof(*options))

static char *sysctl_read(const char *name)
{
	CLEANUP_FREE char *path = str_fmt("/proc/sys/net/%s", name);
	char *text = text_file_read(path, SYSCTL_MAX, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

struct usual_options {
	int values[N_OPTIONS];
	bool known[N_OPTIONS];
	char *congestion;
};

struct usual_options *socket_options_usual(void)
{
	struct usual_options *usual = mem_new(1, sizeof(*usual));

	for (size_t i = 0; i < N_OPTIONS; i++) {
		CLEANUP_FREE char *text = options[i].sysctl ? sysctl_read(options[i].sysctl) : NULL;
		usual->values[i] = text ? atoi(text) : options[i].usual;
		usual->known[i] = text || !options[i].sysctl;
	}
	usual->congestion = sysctl_read("ipv4/tcp_congestion_control");
	return usual;
}

void socket_options_free(struct usual_options *usual)
{
	free(usual->congestion);
	free(usual);
}

static unsigned what_is(const struct socket_copy *copy)
{
	unsigned is = copy->domain == AF_INET6 ? V6 : V4;
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (copy->type != SOCK_STREAM)
		return is | DATAGRAM;
	(void)getsockopt(copy->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	return is | TCP | (listens ? LISTENER : 0);
}

static bool is_set(const struct socket_copy *copy, const struct option *option, int usual)
{
	int value = usual;
	socklen_t len = sizeof(value);

	return getsockopt(copy->fd, option->level, option->name, &value, &len) == 0 &&
	       value != usual;
}

static bool has_congestion(const struct socket_copy *copy, const char *usual)
{
	char name[16] = "";
	socklen_t len = sizeof(name) - 1;

	return usual && getsockopt(copy->fd, IPPROTO_TCP, TCP_CONGESTION, name, &len) == 0 &&
	       strcmp(name, usual) != 0;
}

static void add_word(struct buf *to, const char *word)
{
	buf_printf(to, "%s%s", to->len ? " " : "", word);
}

void socket_options(struct socket_copy *copy)
{
	CLEANUP_BUF struct buf words = {0};
	unsigned is = what_is(copy);

	for (size_t i = 0; i < N_OPTIONS; i++)
		if ((options[i].applies & is) == options[i].applies && copy->usual->known[i] &&
		    is_set(copy, &options[i], copy->usual->values[i]))
			add_word(&words, options[i].word);
	if ((is & TCP) && has_congestion(copy, copy->usual->congestion))
		add_word(&words, "TCP_CONGESTION");
	if (!words.len || !socket_is_new(copy->walk, buf_str(&words)))
		return;
	CLEANUP_FREE char *holder = socket_holder(copy->socket);
	walk_tell(copy->walk, "socket-option", "%s, %s", buf_str(&words), holder);
}
