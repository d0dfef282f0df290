/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/network/endpoint_probe.h"
#include "slowness.h"

/* Behaviour of the server for its connections, one after the other; the last one is repeated. */
struct behaviour {
	int listen_after_ms; /* connections are refused until then */
	int answer_after_ms;
	bool first, echo, stays; /* speaks first; sends the request back; never closes */
	const char *answers[4];
};

struct server {
	pid_t pid;
	char http[64], tcp[64], redis[64];
};

static _Noreturn void serve(int fd, const struct behaviour *b)
{
	size_t at = 0;

	/* A test that fails must not leave the server behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	clock_sleep_ms(b->listen_after_ms);
	if (listen(fd, 64) < 0)
		_exit(1);
	for (;;) {
		char request[2048];
		if (!b->answers[0]) { /* the kernel accepts connections, and nobody replies */
			(void)pause();
			continue;
		}
		int c = accept(fd, NULL, NULL);
		ssize_t got = b->first ? 0 : recv(c, request, sizeof(request), 0);
		clock_sleep_ms(b->answer_after_ms);
		ssize_t n = send(c, b->answers[at], strlen(b->answers[at]), MSG_NOSIGNAL);
		if (b->echo && got > 0)
			n = send(c, request, (size_t)got, MSG_NOSIGNAL);
		if (!b->stays)
			(void)close(c);
		if (n > 0 && at < 3 && b->answers[at + 1])
			at++;
	}
}

static struct server start(const struct behaviour *b)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct server s;

	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	s.pid = fork();
	if (s.pid == 0)
		serve(fd, b);
	assert_int_equal(close(fd), 0);
	(void)snprintf(s.http, sizeof(s.http), "http://127.0.0.1:%d/", ntohs(a.sin_port));
	(void)snprintf(s.tcp, sizeof(s.tcp), "tcp://127.0.0.1:%d", ntohs(a.sin_port));
	(void)snprintf(s.redis, sizeof(s.redis), "redis://127.0.0.1:%d", ntohs(a.sin_port));
	return s;
}

static void end(const struct server *s)
{
	assert_int_equal(kill(s->pid, SIGKILL), 0);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* Asks; 0 or -1. Sets the answer's first line and the time it took, unless NULL. */
static int ask(const char *url, const char *second, int wait_ms, char **ret_line, int *ret_ms,
	       struct err *err)
{
	CLEANUP_ARGV struct argv urls = {0};
	int64_t begin = clock_now_us(), answered = 0;

	argv_add(&urls, url);
	if (second)
		argv_add(&urls, second);
	struct probe *p = probe_new(&urls, err);
	assert_non_null(p);
	int status = probe_wait(p, deadline_in_ms(wait_ms), NULL, &answered, err);
	if (status == 0)
		assert_true(answered >= begin && answered <= clock_now_us());
	else
		assert_int_equal(answered, 0);
	if (ret_ms)
		*ret_ms = (int)((clock_now_us() - begin) / 1000);
	if (ret_line)
		*ret_line = probe_answer(p);
	probe_free(p);
	return status;
}

static void ok(int status, const struct err *err)
{
	if (status < 0)
		fail_msg("%s", err->msg);
}

#define OK_ANSWER "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nIt works\n"

static void an_answer(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {OK_ANSWER}});
	struct err err = ERR_INIT;
	CLEANUP_FREE char *line = NULL;

	(void)state;
	ok(ask(s.http, NULL, scaled_ms(5000), &line, NULL, &err), &err);
	assert_string_equal(line, "It works");
	end(&s);
}

/* A status below 500 means that the service is up, whatever page it sends. */
static void status_codes(void **state)
{
	static const struct {
		const char *answer;
		bool there;
	} rows[] = {
		{"HTTP/1.0 204 No Content\r\n\r\n", true},
		{"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", true},
		{"HTTP/1.0 404 Not Found\r\n\r\n", true},
		{"HTTP/1.0 500 Oops\r\n\r\n", false},
		{"HTTP/1.0 503 Unavailable\r\n\r\n", false},
		{"garbage\r\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct server s = start(&(struct behaviour){.answers = {rows[i].answer}});
		struct err err = ERR_INIT;
		int status = ask(s.http, NULL, rows[i].there ? 5000 : 150, NULL, NULL, &err);
		if (status != (rows[i].there ? 0 : -1))
			fail_msg("%s: %s", rows[i].answer, err.msg);
		if (status < 0)
			assert_int_equal(err.code, EXIT_SILENT);
		if (strstr(rows[i].answer, "503"))
			assert_non_null(strstr(err.msg, "does not answer: status 503"));
		end(&s);
	}
}

static void unavailable_at_first(void **state)
{
	struct server s = start(
		&(struct behaviour){.answers = {"HTTP/1.0 503 Later\r\n\r\nno\n",
						"HTTP/1.0 503 Later\r\n\r\nno\n", OK_ANSWER}});
	struct err err = ERR_INIT;
	CLEANUP_FREE char *line = NULL;

	(void)state;
	ok(ask(s.http, NULL, scaled_ms(5000), &line, NULL, &err), &err);
	assert_string_equal(line, "It works");
	end(&s);
}

/* The endpoint is noticed soon after it is up. */
static void refused_at_first(void **state)
{
	struct server s = start(
		&(struct behaviour){.listen_after_ms = scaled_ms(200), .answers = {OK_ANSWER}});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	ok(ask(s.http, NULL, scaled_ms(5000), NULL, &ms, &err), &err);
	assert_in_range(ms, scaled_ms(100), scaled_ms(2000));
	end(&s);
}

static void refused(void **state)
{
	struct server s = start(&(struct behaviour){.listen_after_ms = scaled_ms(60000)});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	assert_int_equal(ask(s.http, NULL, 200, NULL, &ms, &err), -1);
	assert_int_equal(err.code, EXIT_SILENT);
	assert_non_null(strstr(err.msg, s.http));
	/* libcurl's wording varies. */
	assert_true(strstr(err.msg, "refused") || strstr(err.msg, "connect"));
	assert_in_range(ms, 200, scaled_ms(2000));
	end(&s);
}

/* A page may take longer than a connection may. */
static void a_slow_page(void **state)
{
	struct server s = start(
		&(struct behaviour){.answer_after_ms = scaled_ms(600), .answers = {OK_ANSWER}});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	ok(ask(s.http, NULL, scaled_ms(5000), NULL, &ms, &err), &err);
	assert_in_range(ms, scaled_ms(600), scaled_ms(4000));
	end(&s);
}

/* A TLS server whose handshake takes longer than a TCP connection may. */
static const char tls_server[] =
	"import socket, ssl, subprocess, sys, tempfile, time\n"
	"directory = tempfile.TemporaryDirectory()\n"
	"name = directory.name + '/pem'\n"
	"subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', "
	"'ec_paramgen_curve:'\n"
	"    'prime256v1', '-nodes', '-keyout', name + '1', '-out', name, '-subj', '/CN=web', "
	"'-days',\n"
	"    '2'], check=True, stderr=subprocess.DEVNULL)\n"
	"context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
	"context.load_cert_chain(name, name + '1')\n"
	"directory.cleanup()\n"
	"server = socket.create_server(('127.0.0.1', 0))\n"
	"print(server.getsockname()[1], flush=True)\n"
	"while True:\n"
	"    client, _ = server.accept()\n"
	"    time.sleep(0.6)\n"
	"    try:\n"
	"        with context.wrap_socket(client, server_side=True) as tls:\n"
	"            tls.recv(4096)\n"
	"            tls.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nIt works\\n')\n"
	"    except OSError:\n"
	"        pass\n";

static void a_slow_tls_handshake(void **state)
{
	struct err err = ERR_INIT;
	CLEANUP_FREE char *line = NULL;
	int out[2], ms = 0;
	char port[16] = "";

	(void)state;
	assert_int_equal(pipe(out), 0);
	struct server s = {.pid = fork()};
	if (s.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execlp("python3", "python3", "-c", tls_server, NULL);
		_exit(127);
	}
	(void)close(out[1]);
	assert_true(read(out[0], port, sizeof(port) - 1) > 0);
	(void)close(out[0]);
	CLEANUP_FREE char *url = str_fmt("https://localhost:%d/", atoi(port));
	ok(ask(url, NULL, 20000, &line, &ms, &err), &err);
	assert_string_equal(line, "It works");
	assert_true(ms >= 600);
	end(&s);
}

static void silent(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {NULL}});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	assert_int_equal(ask(s.http, NULL, 300, NULL, &ms, &err), -1);
	assert_int_equal(err.code, EXIT_SILENT);
	assert_in_range(ms, 300, scaled_ms(2000));
	/* For tcp:// a connection is enough. */
	CLEANUP_FREE char *line = NULL;
	ok(ask(s.tcp, NULL, scaled_ms(5000), &line, NULL, &err), &err);
	assert_string_equal(line, "");
	end(&s);
}

static void tcp_refused_at_first(void **state)
{
	struct server s = start(&(struct behaviour){.listen_after_ms = scaled_ms(100)});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	ok(ask(s.tcp, NULL, scaled_ms(5000), NULL, &ms, &err), &err);
	assert_true(ms >= scaled_ms(50));
	end(&s);
}

static void all_must_answer(void **state)
{
	struct server a = start(&(struct behaviour){.answers = {OK_ANSWER}});
	struct server b = start(
		&(struct behaviour){.listen_after_ms = scaled_ms(150), .answers = {OK_ANSWER}});
	struct server off = start(&(struct behaviour){.listen_after_ms = scaled_ms(60000)});
	struct err err = ERR_INIT;
	int ms = 0;

	(void)state;
	ok(ask(a.http, b.http, scaled_ms(5000), NULL, &ms, &err), &err);
	assert_true(ms >= scaled_ms(70));
	assert_int_equal(ask(a.http, off.tcp, scaled_ms(150), NULL, NULL, &err), -1);
	assert_non_null(strstr(err.msg, off.tcp));
	end(&a);
	end(&b);
	end(&off);
}

struct proof {
	const char *suffix;
	struct behaviour server;
	const char *complaint; /* NULL: the service is proven */
};

static void check_proof(const struct proof *row, bool http)
{
	struct server s = start(&row->server);
	CLEANUP_FREE char *url = str_fmt("%s%s", http ? s.http : s.tcp, row->suffix);
	struct err err = ERR_INIT;
	int status = ask(url, NULL, scaled_ms(row->complaint ? 700 : 5000), NULL, NULL, &err);

	if (status != (row->complaint ? -1 : 0) ||
	    (row->complaint && !strstr(err.msg, row->complaint)))
		fail_msg("%s: '%s'", url, err.msg);
	end(&s);
}

static void proofs_of_a_page(void **state)
{
	static const struct proof rows[] = {
		{"#status=200-399", {.answers = {OK_ANSWER}}, NULL},
		{"#status=200-399", {.answers = {"HTTP/1.0 404 No\r\n\r\n"}}, ": status 404"},
		{"#status=503", {.answers = {"HTTP/1.0 503 No\r\n\r\n"}}, NULL},
		{"#status=503", {.answers = {OK_ANSWER}}, ": status 200"},
		{"#contains=It%20works", {.answers = {OK_ANSWER}}, NULL},
		{"#contains=nothing", {.answers = {OK_ANSWER}}, "without the text"},
		{"#contains=It", {.answers = {"HTTP/1.0 500 No\r\n\r\nIt\n"}}, ": status 500"},
		{"#status=500&contains=It", {.answers = {"HTTP/1.0 500 No\r\n\r\nIt\n"}}, NULL},
		/* The service's own query reaches it, and the proof does not. */
		{"?status=1#contains=GET%20/%3Fstatus=1%20HTTP",
		 {.echo = true, .answers = {"HTTP/1.0 200 OK\r\n\r\n"}},
		 NULL},
		{"#top", {.answers = {OK_ANSWER}}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_proof(&rows[i], true);
}

/* 70,000 bytes of a reply before the expected ones. */
static char too_long[70008];

static void proofs_of_a_stream(void **state)
{
	static const struct proof rows[] = {
		{"?send=PING%0D%0A&expect=%2BPONG", {.answers = {"+PONG\r\n"}}, NULL},
		{"#send=PING%0D%0A&expect=+PONG", {.answers = {"+PONG\r\n"}}, NULL},
		{"#send=PING%0D%0A&expect=PING%0d%0a", {.echo = true, .answers = {">"}}, NULL},
		{"#send=x", {.answers = {"?"}}, NULL},
		{"#send=x", {.answers = {""}}, "closed without a reply"},
		{"#expect=220", {.first = true, .stays = true, .answers = {"220 hi\r\n"}}, NULL},
		{"#send=x&expect=y",
		 {.stays = true, .answers = {"no\r\nmore"}},
		 "the reply 'no' is not the expected one"},
		{"#send=x&expect=y", {.answers = {NULL}}, "accepts connections and sends nothing"},
		{"#expect=end", {.first = true, .answers = {too_long}}, "is not the expected one"},
	};

	(void)state;
	(void)snprintf(too_long, sizeof(too_long), "%070000dend", 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_proof(&rows[i], false);
}

/* The kernel accepts a connection for a process that waits for its memory. */
static void the_first_proof_counts(void **state)
{
	struct server s = start(
		&(struct behaviour){.answer_after_ms = scaled_ms(400), .answers = {"+PONG\r\n"}});
	struct err err = ERR_INIT;
	CLEANUP_FREE char *line = NULL;
	int ms = 0;

	(void)state;
	ok(ask(s.redis, NULL, scaled_ms(5000), &line, &ms, &err), &err);
	assert_string_equal(line, "+PONG");
	assert_in_range(ms, scaled_ms(400), scaled_ms(3000));
	end(&s);
}

static int open_files(void)
{
	DIR *all = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(all);
	while (readdir(all))
		n++;
	assert_int_equal(closedir(all), 0);
	return n;
}

/* Tries that fail leave no connection open. */
static void wrong_replies_cost_no_files(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {"no"}});
	CLEANUP_ARGV struct argv urls = {0};
	struct err err = ERR_INIT;
	int64_t answered;

	(void)state;
	argv_add(&urls, s.redis);
	struct probe *p = probe_new(&urls, &err);
	assert_int_equal(probe_wait(p, deadline_in_ms(100), NULL, &answered, &err), -1);
	int before = open_files();
	assert_int_equal(probe_wait(p, deadline_in_ms(scaled_ms(500)), NULL, &answered, &err), -1);
	assert_in_range(open_files(), before - 2, before + 2);
	probe_free(p);
	end(&s);
}

static void redis(void **state)
{
	static const struct behaviour loads = {
		.stays = true, .answers = {"-LOADING Redis is loading\r\n", "+PONG\r\n"}};
	static const struct behaviour secret = {
		.stays = true, .answers = {"-NOAUTH Authentication required.\r\n"}};
	static const struct behaviour wrong = {.stays = true, .answers = {"-ERR what\r\n"}};
	const struct behaviour *all[] = {&loads, &secret, &wrong};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct server s = start(all[i]);
		struct err err = ERR_INIT;
		int status = ask(s.redis, NULL, scaled_ms(i == 2 ? 600 : 5000), NULL, NULL, &err);
		assert_int_equal(status, i == 2 ? -1 : 0);
		if (i == 2)
			assert_non_null(strstr(err.msg, "the reply '-ERR what' is not"));
		end(&s);
	}
}

/* A single look doesn't give a far endpoint up for another try. */
static void a_single_look_is_patient(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	CLEANUP_ARGV struct argv urls = {0};
	CLEANUP_FREE char *said = NULL;
	struct err err = ERR_INIT;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), filler[4];

	(void)state;
	/* The kernel drops what asks for a connection once the queue is full. */
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < 4; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	argv_addf(&urls, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
	assert_true(probe_now(&urls, 600, NULL, &said, &err) < 0);
	assert_string_equal(said, "no connection yet");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(close(filler[i]), 0);
	assert_int_equal(close(fd), 0);
}

static volatile int cancelled;

static void on_alarm(int sig)
{
	cancelled = sig;
}

static bool is_cancelled(void *unused)
{
	(void)unused;
	return cancelled != 0;
}

static void cancel(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {NULL}});
	CLEANUP_ARGV struct argv urls = {0};
	int64_t begin = clock_now_us(), answered = 0;
	struct err err = ERR_INIT;

	(void)state;
	argv_add(&urls, s.http);
	struct probe *p = probe_new(&urls, &err);
	const struct probe_stop stop = {is_cancelled, NULL};
	assert_ptr_not_equal(signal(SIGALRM, on_alarm), SIG_ERR);
	(void)ualarm(100000, 0);
	assert_int_equal(probe_wait(p, deadline_in_ms(scaled_ms(10000)), &stop, &answered, &err),
			 -1);
	assert_in_range((int)((clock_now_us() - begin) / 1000), 100, scaled_ms(2000));
	probe_free(p);
	end(&s);
}

/* A probe that is used again after a restore must not count old answers. */
static void asked_again(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {OK_ANSWER}});
	CLEANUP_ARGV struct argv urls = {0};
	struct err err = ERR_INIT;
	int64_t first = 0, second = 0;

	(void)state;
	argv_add(&urls, s.http);
	struct probe *p = probe_new(&urls, &err);
	ok(probe_wait(p, deadline_in_ms(scaled_ms(5000)), NULL, &first, &err), &err);
	ok(probe_wait(p, deadline_in_ms(scaled_ms(5000)), NULL, &second, &err), &err);
	assert_true(second > first);
	end(&s);
	assert_int_equal(probe_wait(p, deadline_in_ms(100), NULL, &second, &err), -1);
	probe_free(p);
}

static void the_shown_part_of_an_answer(void **state)
{
	static const char long_line[] =
		"HTTP/1.0 200 OK\r\n\r\n\x1b[2J"
		"0123456789012345678901234567890123456789012345678901234567890123456789\n";
	struct server s = start(&(struct behaviour){.answers = {long_line}});
	struct err err = ERR_INIT;
	CLEANUP_FREE char *line = NULL;

	(void)state;
	ok(ask(s.http, NULL, scaled_ms(5000), &line, NULL, &err), &err);
	assert_int_equal(strlen(line), 64);
	assert_true(str_starts(line, "?[2J0123"));
	end(&s);
}

/* Proxies in the environment are ignored. */
static void no_proxy(void **state)
{
	struct server s = start(&(struct behaviour){.answers = {OK_ANSWER}});
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	ok(ask(s.http, NULL, 2000, NULL, NULL, &err), &err);
	assert_int_equal(unsetenv("http_proxy"), 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer),
		cmocka_unit_test(status_codes),
		cmocka_unit_test(unavailable_at_first),
		cmocka_unit_test(refused_at_first),
		cmocka_unit_test(refused),
		cmocka_unit_test(a_slow_page),
		cmocka_unit_test(a_slow_tls_handshake),
		cmocka_unit_test(silent),
		cmocka_unit_test(tcp_refused_at_first),
		cmocka_unit_test(all_must_answer),
		cmocka_unit_test(proofs_of_a_page),
		cmocka_unit_test(proofs_of_a_stream),
		cmocka_unit_test(the_first_proof_counts),
		cmocka_unit_test(wrong_replies_cost_no_files),
		cmocka_unit_test(redis),
		cmocka_unit_test(a_single_look_is_patient),
		cmocka_unit_test(cancel),
		cmocka_unit_test(asked_again),
		cmocka_unit_test(the_shown_part_of_an_answer),
		cmocka_unit_test(no_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
