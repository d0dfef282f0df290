/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <netinet/tcp.h>
#include <sys/wait.h>

#include "asked.h"
#include "cmigrate/base/deadline.h"
#include "own_tcp.h"

#define IP "127.0.0.1"

/* How long it took, in ms. */
static long settle(const char *ip)
{
	CLEANUP_FREE char *field = str_fmt("ip=%s", ip);
	int64_t began = clock_now_us();
	CLEANUP_ASKED struct asked a = ask("/", NULL, "settle", "ip=192.0.2.9", field, NULL);

	assert_int_equal(a.status, 0);
	assert_string_equal(a.err, "");
	return (long)(clock_now_us() - began) / 1000;
}

/* Whether it ends before its time; a machine that is busy elsewhere gets more tries. */
static bool is_quick(const char *ip)
{
	for (int i = 0; i < 5; i++)
		if (settle(ip) < 240)
			return true;
	return false;
}

static void nothing_to_wait_for(void **state)
{
	int listener = own_listen(IP, 80), client = own_connect(IP, 80);
	int server = accept(listener, NULL, NULL);

	(void)state;
	assert_true(is_quick(IP));
	(void)close(client);
	(void)close(server);
	(void)close(listener);
}

static void a_connection_that_nobody_accepts(void **state)
{
	static const char *const listens[] = {IP, "0.0.0.0", "::"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int listener = own_listen(listens[i], 80), client = own_connect(IP, 80);
		assert_true(settle(IP) >= 240);
		assert_true(is_quick("127.0.0.2"));
		(void)close(client);
		(void)close(listener);
	}
}

/* A program that has left it in its queue for a second is not about to accept it. */
static void a_connection_that_was_never_accepted(void **state)
{
	static const char *const listens[] = {IP, "::"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int listener = own_listen(listens[i], 80), client = own_connect(IP, 80);
		clock_sleep_ms(1100);
		assert_true(is_quick(IP));
		/* Another one is waited for. */
		int young = own_connect(IP, 80);
		assert_true(settle(IP) >= 240);
		(void)close(young);
		(void)close(client);
		(void)close(listener);
	}
}

static long settle_beside_accept(int listener)
{
	int client = own_connect(IP, 80);
	pid_t pid = fork();

	if (pid == 0) {
		clock_sleep_ms(50);
		_exit(accept(listener, NULL, NULL) < 0);
	}
	long ms = settle(IP);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(client);
	return ms;
}

static void a_connection_that_is_accepted_meanwhile(void **state)
{
	int listener = own_listen(IP, 80);
	bool early = false;

	(void)state;
	for (int i = 0; i < 5 && !early; i++)
		early = settle_beside_accept(listener) < 240;
	assert_true(early);
	(void)close(listener);
}

/* Until there is data its handshake isn't over for this listener. */
static void a_connection_that_is_half_open(void **state)
{
	int listener = own_bind(IP, 80, SOCK_STREAM, 0), seconds = 5;

	(void)state;
	assert_int_equal(
		setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds)), 0);
	assert_int_equal(listen(listener, 1), 0);
	int client = own_connect(IP, 80);
	assert_true(settle(IP) >= 240);
	assert_true(is_quick("127.0.0.2"));
	(void)close(client);
	(void)close(listener);
}

/* The namespace of the addresses is looked at; one that is gone has no connections. */
static void another_namespace(void **state)
{
	int listener = own_listen(IP, 80), client = own_connect(IP, 80);
	CLEANUP_FREE char *ours = str_fmt("netns=/proc/%d/ns/net", (int)getpid());
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		own_loopback_enter();
		CLEANUP_ASKED struct asked a =
			ask("/", NULL, "settle", "netns=/run/none", "ip=" IP, NULL);
		int64_t began = clock_now_us();
		CLEANUP_ASKED struct asked b = ask("/", NULL, "settle", ours, "ip=" IP, NULL);
		_exit(a.status != 0 || b.status != 0 || clock_now_us() - began < 240000);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(client);
	(void)close(listener);
}

static void fields(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = ask("/", NULL, "settle", NULL);
	CLEANUP_ASKED struct asked wrong =
		ask("/", NULL, "settle", "ip=192.0.2.1 or dport = 22", NULL);
	assert_int_equal(none.status, -1);
	assert_int_equal(wrong.status, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_wait_for),
		cmocka_unit_test(a_connection_that_nobody_accepts),
		cmocka_unit_test(a_connection_that_was_never_accepted),
		cmocka_unit_test(a_connection_that_is_accepted_meanwhile),
		cmocka_unit_test(a_connection_that_is_half_open),
		cmocka_unit_test(another_namespace),
		cmocka_unit_test(fields),
	};

	own_run_enter();
	own_loopback_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
