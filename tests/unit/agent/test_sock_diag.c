/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "agent/network/sock_list.h"
#include "agent/network/sock_unix.h"
#include "own_tcp.h"

#define MPTCP 262

static struct request req;

static unsigned long long inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

struct found {
	struct sock v[64];
	unsigned n;
};

static bool collect(const struct sock *sock, void *ctx)
{
	struct found *found = ctx;

	assert_true(found->n < 64);
	found->v[found->n++] = *sock;
	return true;
}

static struct found find(struct sock_match match)
{
	struct found found = {.n = 0};

	assert_int_equal(sock_list(&req, &match, collect, &found), 0);
	return found;
}

static bool first_only(const struct sock *sock, void *ctx)
{
	unsigned *n = ctx;

	(void)sock;
	(*n)++;
	return false;
}

static void connections(void **state)
{
	int listener = own_listen("::", 7001), client = own_connect("127.0.0.1", 7001);
	char byte;

	(void)state;
	struct found found =
		find((struct sock_match){.sport = 7001, .states = TCP_STATE(TCP_LISTEN)});
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].src, "::");
	assert_int_equal(found.v[0].receive_queue, 1);
	assert_int_equal(found.v[0].inode, inode_of(listener));
	int server = accept(listener, NULL, NULL);
	/* Of IPv6, and found by its IPv4 address in any spelling. */
	static const char *const spelled[] = {"127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1"};
	for (size_t i = 0; i < sizeof(spelled) / sizeof(*spelled); i++) {
		found = find((struct sock_match){
			.src = spelled[i], .sport = 7001, .states = TCP_CONNECTED});
		assert_int_equal(found.n, 1);
		assert_string_equal(found.v[0].src, "127.0.0.1");
		assert_string_equal(found.v[0].dst, "127.0.0.1");
		assert_int_equal(found.v[0].inode, inode_of(server));
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(write(client, "12345678", 8), 8);
	for (int i = 0; i < 40; i++)
		assert_int_equal(read(server, &byte, 1), 1);
	/* Acknowledged at the latest with the answer. */
	assert_int_equal(write(server, "x", 1), 1);
	assert_int_equal(read(client, &byte, 1), 1);
	found = find((struct sock_match){.dst = "127.0.0.1", .dport = 7001});
	assert_int_equal(found.n, 1);
	assert_int_equal(found.v[0].state, TCP_ESTABLISHED);
	assert_true(found.v[0].bytes_acked >= 40 && found.v[0].bytes_acked < 50);
	assert_int_equal(find((struct sock_match){.src = "127.0.0.2"}).n, 0);
	assert_int_equal(find((struct sock_match){.src = "nonsense"}).n, 0);
	unsigned n = 0;
	assert_int_equal(sock_list(&req, &(struct sock_match){.states = 0}, first_only, &n), 0);
	assert_int_equal(n, 1);
	(void)close(client);
	(void)close(server);
	(void)close(listener);
}

static void kills(void **state)
{
	int listener = own_listen("127.0.0.1", 7002);
	int one = own_connect("127.0.0.1", 7002), other = own_connect("127.0.0.1", 7002);
	int first = accept(listener, NULL, NULL), second = accept(listener, NULL, NULL);
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char byte;

	(void)state;
	assert_int_equal(getsockname(one, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(sock_kill(&req, &(struct sock_match){.dst = "127.0.0.1",
							      .sport = ntohs(name.sin_port),
							      .dport = 7002,
							      .states = TCP_CONNECTED}),
			 1);
	assert_int_equal(read(one, &byte, 1), -1);
	assert_int_equal(errno, ECONNABORTED);
	assert_int_equal(read(first, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	/* Nobody else's, and the listener stays. */
	assert_int_equal(write(other, "x", 1), 1);
	assert_int_equal(read(second, &byte, 1), 1);
	int again = own_connect("127.0.0.1", 7002);
	assert_int_equal(sock_kill(&req, &(struct sock_match){.dport = 7003}), 0);
	int all[] = {one, other, first, second, again, listener};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)close(all[i]);
}

struct names {
	struct buf text;
};

static void add_name(bool udp, const struct sock *sock, void *ctx)
{
	struct names *names = ctx;
	CLEANUP_FREE char *name = sock_local(sock);

	buf_printf(&names->text, "%s %s\n", udp ? "udp" : "tcp", name);
}

static void listeners(void **state)
{
	struct names names = {{0}};
	int one = 1;
	int both = own_listen("::", 7011), v4 = own_listen("0.0.0.0", 7010);
	int v6 = own_bind("::", 7012, SOCK_STREAM, 0), lo = own_bind("::1", 7013, SOCK_STREAM, 0);
	int udp = own_bind("127.0.0.1", 7014, SOCK_DGRAM, 0);
	int told = own_bind("127.0.0.1", 7015, SOCK_DGRAM, 0);
	struct sockaddr_storage to;
	socklen_t len = own_address("127.0.0.1", 7014, &to);

	(void)state;
	assert_int_equal(connect(told, (struct sockaddr *)&to, len), 0);
	(void)close(v6);
	v6 = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(v6, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	len = own_address("::", 7012, &to);
	assert_int_equal(bind(v6, (struct sockaddr *)&to, len), 0);
	assert_int_equal(listen(v6, 1), 0);
	assert_int_equal(setsockopt(lo, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(listen(lo, 1), 0);
	assert_int_equal(sock_list_listeners(&req, add_name, &names), 0);
	assert_non_null(strstr(names.text.s, "tcp 0.0.0.0:7010\n"));
	assert_non_null(strstr(names.text.s, "tcp *:7011\n"));
	assert_non_null(strstr(names.text.s, "tcp [::]:7012\n"));
	assert_non_null(strstr(names.text.s, "tcp [::1]%lo:7013\n"));
	assert_non_null(strstr(names.text.s, "udp 127.0.0.1:7014\n"));
	assert_null(strstr(names.text.s, "7015"));
	buf_clear(&names.text);
	int all[] = {both, v4, v6, lo, udp, told};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)close(all[i]);
}

/* Kernels without it have none. */
static void mptcp(void **state)
{
	struct found found = {.n = 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, MPTCP);

	(void)state;
	if (fd >= 0) {
		(void)close(fd);
		fd = own_bind("127.0.0.1", 7021, SOCK_STREAM, MPTCP);
		assert_int_equal(listen(fd, 1), 0);
	}
	int plain = own_listen("127.0.0.1", 7022);
	assert_int_equal(
		sock_list_protocol(&req, MPTCP, &(struct sock_match){.states = 0}, collect, &found),
		0);
	assert_int_equal(found.n, fd >= 0 ? 1 : 0);
	if (fd >= 0) {
		assert_int_equal(found.v[0].sport, 7021);
		assert_int_equal(found.v[0].inode, inode_of(fd));
		(void)close(fd);
	}
	(void)close(plain);
}

struct seen {
	unsigned long long wanted;
	struct unix_sock sock;
	unsigned n;
};

static void see(const struct unix_sock *sock, void *ctx)
{
	struct seen *seen = ctx;

	if (sock->inode != seen->wanted)
		return;
	seen->sock = *sock;
	seen->n++;
}

static struct unix_sock unix_of(int fd)
{
	struct seen seen = {.wanted = inode_of(fd)};

	assert_int_equal(sock_list_unix(&req, see, &seen), 0);
	assert_int_equal(seen.n, 1);
	return seen.sock;
}

static void unix_sockets(void **state)
{
	int stream[2], datagram[2];
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "/run/socket"};
	struct stat st;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram), 0);
	assert_int_equal(unix_of(stream[0]).peer, inode_of(stream[1]));
	assert_int_equal(unix_of(stream[0]).type, SOCK_STREAM);
	assert_int_equal(unix_of(datagram[1]).peer, inode_of(datagram[0]));
	assert_int_equal(unix_of(datagram[1]).type, SOCK_DGRAM);
	assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(stat(name.sun_path, &st), 0);
	assert_int_equal(unix_of(listener).file, st.st_ino);
	assert_int_equal(unix_of(listener).peer, 0);
	assert_false(unix_of(listener).listens);
	assert_int_equal(listen(listener, 1), 0);
	assert_true(unix_of(listener).listens);
	int all[] = {stream[0], stream[1], datagram[0], datagram[1], listener};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		(void)close(all[i]);
}

/* Another network namespace is entered by a process in it, and left again. */
static void namespaces(void **state)
{
	int ready[2], end[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t pid = fork();
	if (pid == 0) {
		own_loopback_enter();
		(void)own_listen("127.0.0.1", 7031);
		(void)close(end[1]);
		_exit(write(ready[1], "x", 1) != 1 || read(end[0], &byte, 1) != 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(find((struct sock_match){.sport = 7031}).n, 0);
	struct netns netns;
	assert_int_equal(sock_enter_process(&req, pid, &netns), 0);
	assert_int_equal(find((struct sock_match){.sport = 7031}).n, 1);
	netns_leave(&netns);
	assert_int_equal(find((struct sock_match){.sport = 7031}).n, 0);
	(void)close(end[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(sock_enter_process(&req, pid, &netns), 1);
	netns_leave(&netns);
	(void)close(end[0]);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections),	cmocka_unit_test(kills),
		cmocka_unit_test(listeners),	cmocka_unit_test(mptcp),
		cmocka_unit_test(unix_sockets), cmocka_unit_test(namespaces),
	};

	own_run_enter();
	own_loopback_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
