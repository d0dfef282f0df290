/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/ssh_channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/version.h"

/* Limit for ssh to connect; a host that is off costs this time. */
#define CONNECT_SECONDS "10"
/* A cut network is noticed after interval times count seconds. */
#define ALIVE_INTERVAL "2"
#define ALIVE_COUNT "3"
/* Time for logins under way to end; one takes a second on a slow host. */
#define TURNED_AWAY_MS 10000
/* The first pause. Each further one is twice as long, and up to half as much is added at random. */
#define AGAIN_MS 200
#define AGAIN_DOUBLED 3

static void ssh_argv(const struct host *host, struct argv *a)
{
	argv_add(a, "ssh");
	argv_extend(a, &host->options);
	/* -T: no terminal. BatchMode: no questions, because nobody can answer them. */
	argv_addl(a, "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=" CONNECT_SECONDS, "-o",
		  "ServerAliveInterval=" ALIVE_INTERVAL, "-o", "ServerAliveCountMax=" ALIVE_COUNT,
		  "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "ClearAllForwardings=yes",
		  NULL);
	argv_addl(a, "--", host->ssh, NULL);
	/* The login shell of the host, whichever it is, reads these: bare words only. */
	argv_addl(a, "exec", "env", "CMIGRATE_VERSION=" CMIGRATE_VERSION, NULL);
	if (host->env_tag)
		argv_add(a, host->env_tag);
	argv_add(a, "sh");
}

static int start_ssh(const struct host *host, struct proc *ssh, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ssh_argv(host, &a);
	return proc_spawn(&(struct proc_spec){.argv = a.v, .with_stdin = true}, ssh, err);
}

struct channel *channel_open(struct host *host, struct err *err)
{
	struct proc ssh;

	if (start_ssh(host, &ssh, err) < 0)
		return NULL;
	struct channel *ch = mem_new(1, sizeof(*ch));
	ch->ssh = ssh;
	/* dash ends at the first write to a closed pipe; a command with a log goes on. */
	return ch;
}

void channel_nonce(char nonce[CHANNEL_NONCE_SIZE])
{
	unsigned char raw[16];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		abort();
	for (size_t i = 0; i < sizeof(raw); i++)
		(void)snprintf(nonce + 2 * i, 3, "%02x", raw[i]);
}

static void add_redirections(struct buf *line, const struct command *cmd, const char *nonce)
{
	if (cmd->input)
		buf_printf(line, " <<'%s'", nonce);
	else
		buf_puts(line, " </dev/null");
	if (cmd->log) {
		buf_puts(line, " >");
		quote_word(line, cmd->log);
		buf_puts(line, " 2>&1");
	}
}

void channel_command(struct buf *line, const struct command *cmd, const char *nonce)
{
	for (char *const *e = cmd->env; e && *e; e++) {
		const char *value = strchr(*e, '=');
		buf_add(line, *e, (size_t)(value - *e) + 1);
		quote_word(line, value + 1);
		buf_puts(line, " ");
	}
	if (cmd->timeout_ms)
		buf_printf(line, "timeout -k 1 %d.%03d ", cmd->timeout_ms / 1000,
			   cmd->timeout_ms % 1000);
	quote_argv(line, cmd->argv);
	add_redirections(line, cmd, nonce);
	buf_printf(line, "; printf '\\n%%s %%d\\n' %s $?; printf '\\n%%s\\n' %s >&2\n", nonce,
		   nonce);
	if (cmd->input)
		buf_printf(line, "%s%s\n", cmd->input, nonce);
}

void channel_ask(struct channel *ch, const struct command *cmd, const char *nonce)
{
	channel_command(&ch->in, cmd, nonce);
	if (!ch->answered)
		buf_add(&ch->first, buf_str(&ch->in), ch->in.len);
}

void channel_exec(struct buf *line, char *const *argv)
{
	buf_puts(line, "exec ");
	quote_argv(line, argv);
	buf_puts(line, "\n");
}

/* The line "\nNONCE" in b, or NULL. */
static char *find_mark(const struct buf *b, const char *nonce)
{
	char mark[40] = "\n";

	if (!b->s)
		return NULL;
	strncat(mark, nonce, sizeof(mark) - 2);
	return memmem(b->s, b->len, mark, strlen(mark));
}

bool channel_result(struct channel *ch, const char *nonce, struct buf *out, struct buf *err,
		    int *ret_status)
{
	char *mark = find_mark(&ch->out, nonce), *err_mark = find_mark(&ch->err, nonce);
	char *end =
		mark ? memchr(mark + 1, '\n', ch->out.len - (size_t)(mark + 1 - ch->out.s)) : NULL;
	size_t err_end = err_mark ? (size_t)(err_mark - ch->err.s) + strlen(nonce) + 2 : 0;

	if (!end || !err_mark || err_end > ch->err.len)
		return false;
	ch->answered = true;
	buf_clear(&ch->first);
	*ret_status = (int)strtol(mark + 1 + strlen(nonce), NULL, 10);
	buf_add(out, ch->out.s, (size_t)(mark - ch->out.s));
	buf_add(err, ch->err.s, (size_t)(err_mark - ch->err.s));
	buf_consume(&ch->out, (size_t)(end + 1 - ch->out.s));
	buf_consume(&ch->err, err_end);
	return true;
}

static void end_ssh(struct channel *ch)
{
	bool killed = ch->dead;
	int status;

	proc_close(&ch->ssh);
	/* The sh ends when its stdin closes. On a dead link ssh may stay, so the wait is
	 * bounded. */
	for (int64_t end = deadline_in_ms(300); ch->ssh.pid > 0 && !proc_reap(&ch->ssh, &status);) {
		if (deadline_passed(end)) {
			proc_signal(&ch->ssh, SIGTERM);
			end = deadline_in_ms(1000);
			if (killed)
				proc_signal(&ch->ssh, SIGKILL);
			killed = true;
		}
		clock_sleep_ms(1);
	}
}

/* mark: a newline and the start of a line. */
static bool says(const struct buf *text, const char *mark)
{
	return str_starts(buf_str(text), mark + 1) || strstr(buf_str(text), mark);
}

/*
 * ssh writes one of these only before a session is open. Later it writes "Connection to HOST closed
 * by remote host." (openssh: kex.c, packet.c sshpkt_vfatal(), clientloop.c).
 */
static bool was_turned_away(const struct channel *ch)
{
	return !ch->answered && (says(&ch->err, "\nkex_exchange_identification: ") ||
				 says(&ch->err, "\nConnection closed by "));
}

/* Random, so that clients turned away at the same moment don't all return at once. */
static int64_t next_try(const struct channel *ch)
{
	int ms = AGAIN_MS << (ch->tries < AGAIN_DOUBLED ? ch->tries : AGAIN_DOUBLED);
	unsigned short word = 0;

	if (getrandom(&word, sizeof(word), 0) != (ssize_t)sizeof(word))
		abort();
	return deadline_in_ms(ms + word % (ms / 2));
}

bool channel_reconnects(struct channel *ch, const struct host *host)
{
	struct err unused = ERR_INIT;

	if (!was_turned_away(ch) || deadline_passed(ch->give_up_us))
		return false;
	/* The time counts from the first look: a greeting waits until its host is needed. */
	if (!ch->give_up_us)
		ch->give_up_us = deadline_in_ms(TURNED_AWAY_MS);
	if (!ch->again_us)
		ch->again_us = next_try(ch);
	if (!deadline_passed(ch->again_us))
		return true;
	end_ssh(ch);
	if (start_ssh(host, &ch->ssh, &unused) < 0)
		return false;
	ch->again_us = 0;
	ch->tries++;
	buf_clear(&ch->out);
	buf_clear(&ch->err);
	buf_clear(&ch->in);
	buf_add(&ch->in, buf_str(&ch->first), ch->first.len);
	return true;
}

void channel_close(struct channel *ch)
{
	end_ssh(ch);
	buf_clear(&ch->first);
	buf_clear(&ch->in);
	buf_clear(&ch->out);
	buf_clear(&ch->err);
	free(ch);
}
