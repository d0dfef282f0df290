/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/ssh_channel.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"
#define NONCE_LEN 32
#define SHOWN 40

/* The text that is still to be read. */
struct reader {
	const char *at, *end;
	enum wire_state state;
};

static bool stop(struct reader *r, enum wire_state state)
{
	r->state = state;
	return false;
}

static bool take(struct reader *r, const char *text)
{
	size_t len = strlen(text), left = (size_t)(r->end - r->at);

	if (memcmp(r->at, text, left < len ? left : len) != 0)
		return stop(r, WIRE_BAD);
	if (left < len)
		return stop(r, WIRE_PARTIAL);
	r->at += len;
	return true;
}

/* Whether the text continues like this; a text that is too short for that is partial. */
static bool sees(struct reader *r, const char *text)
{
	struct reader ahead = *r;

	if (take(&ahead, text))
		return true;
	if (ahead.state == WIRE_PARTIAL)
		r->state = WIRE_PARTIAL;
	return false;
}

/* Takes one word, up to a byte that can't be part of it. It is lenient, because the spelling is
 * compared at the end. */
static bool take_word(struct reader *r, struct buf *word)
{
	bool quoted = false;

	for (; r->at < r->end; r->at++) {
		if (*r->at == '\'')
			quoted = !quoted;
		else if (quoted || !strchr(" \n;<>&|()$`\"\\", *r->at))
			buf_add(word, r->at, 1);
		else if (*r->at == '\\' && r->at + 1 < r->end)
			buf_add(word, ++r->at, 1);
		else if (*r->at == '\\')
			break;
		else
			return true;
	}
	return stop(r, WIRE_PARTIAL);
}

/* Takes words with one blank between them, up to the end of the line or a redirection. */
static bool take_words(struct reader *r, struct argv *words)
{
	for (;;) {
		CLEANUP_BUF struct buf word = {0};
		if (r->at == r->end)
			return stop(r, WIRE_PARTIAL);
		if (*r->at == '<' || *r->at == '>')
			return words->n > 0 || stop(r, WIRE_BAD);
		if (!take_word(r, &word))
			return false;
		argv_add(words, buf_str(&word));
		if (*r->at == '\n')
			return true;
		if (!take(r, " "))
			return false;
	}
}

static bool is_assignment(const char *word)
{
	size_t len = strspn(word, UPPER);

	return len && word[len] == '=';
}

/* Reads "12.034", as channel_command() writes 12034; -1 for anything else. */
static int read_ms(const char *text)
{
	size_t s = strspn(text, DIGITS);

	if (!s || s > 7 || text[s] != '.' || strspn(text + s + 1, DIGITS) != 3 || text[s + 4])
		return -1;
	long long ms = atoll(text) * 1000 + atoll(text + s + 1);
	return ms > 0 && ms <= INT_MAX ? (int)ms : -1;
}

/* Sorts the words of a line into assignments, a deadline and the command. */
static bool divide(struct reader *r, const struct argv *words, struct wire_line *line)
{
	size_t i = 0;

	for (; i < words->n && is_assignment(words->v[i]); i++)
		argv_add(&line->env, words->v[i]);
	if (words->n - i > 4 && strcmp(words->v[i], "timeout") == 0) {
		line->timeout_ms = read_ms(words->v[i + 3]);
		if (line->timeout_ms < 0)
			return stop(r, WIRE_BAD);
		i += 4;
	}
	for (; i < words->n; i++)
		argv_add(&line->argv, words->v[i]);
	return line->argv.n > 0 || stop(r, WIRE_BAD);
}

static bool take_nonce(struct reader *r, char nonce[NONCE_LEN + 1])
{
	for (size_t i = 0; i < NONCE_LEN; i++) {
		if (r->at + i == r->end)
			return stop(r, WIRE_PARTIAL);
		if (!strchr(DIGITS "abcdef", r->at[i]))
			return stop(r, WIRE_BAD);
	}
	memcpy(nonce, r->at, NONCE_LEN);
	nonce[NONCE_LEN] = '\0';
	r->at += NONCE_LEN;
	return true;
}

static bool take_redirections(struct reader *r, struct wire_line *line, bool *ret_fed)
{
	CLEANUP_BUF struct buf log = {0};

	*ret_fed = sees(r, "<<'");
	if (r->state == WIRE_PARTIAL)
		return false;
	if (*ret_fed) {
		if (!take(r, "<<'") || !take_nonce(r, line->nonce) || !take(r, "'"))
			return false;
	} else if (!take(r, "</dev/null")) {
		return false;
	}
	if (!sees(r, " >"))
		return r->state != WIRE_PARTIAL;
	if (!take(r, " >") || !take_word(r, &log) || !take(r, " 2>&1"))
		return false;
	line->log = buf_steal(&log);
	return true;
}

static bool take_marks(struct reader *r, struct wire_line *line)
{
	return take(r, "; printf '\\n%s %d\\n' ") && take_nonce(r, line->nonce) &&
	       take(r, " $?; printf '\\n%s\\n' ") && take(r, line->nonce) && take(r, " >&2\n");
}

/* Takes input up to the line with the nonce. */
static bool take_input(struct reader *r, struct wire_line *line)
{
	char mark[NONCE_LEN + 3];
	const char *start = r->at;

	(void)stpcpy(stpcpy(stpcpy(mark, "\n"), line->nonce), "\n");
	const char *found = memmem(start, (size_t)(r->end - start), mark, strlen(mark));
	if (!found)
		return stop(r, WIRE_PARTIAL);
	line->input = str_dupn(start, (size_t)(found + 1 - start));
	r->at = found + strlen(mark);
	return true;
}

static bool take_line(struct reader *r, struct wire_line *line)
{
	CLEANUP_ARGV struct argv words = {0};
	bool fed = false;

	line->takes_over = sees(r, "exec ");
	if (r->state == WIRE_PARTIAL || (line->takes_over && !take(r, "exec ")) ||
	    !take_words(r, &words))
		return false;
	if (line->takes_over) {
		argv_extend(&line->argv, &words);
		return take(r, "\n");
	}
	return divide(r, &words, line) && take_redirections(r, line, &fed) && take_marks(r, line) &&
	       (!fed || take_input(r, line));
}

/* Writes the line as the client would have. */
static void spell(const struct wire_line *line, struct buf *ret)
{
	struct command cmd = {.argv = line->argv.v,
			      .env = line->env.v,
			      .input = line->input,
			      .log = line->log,
			      .timeout_ms = line->timeout_ms};

	if (line->takes_over)
		channel_exec(ret, line->argv.v);
	else
		channel_command(ret, &cmd, line->nonce);
}

static int bad(const char *text, size_t len, struct err *err)
{
	CLEANUP_FREE char *start = str_dupn(text, len < SHOWN ? len : SHOWN);

	str_mask(start);
	return err_set(err, EXIT_USAGE, "'%s%s' is not a line that cmigrate writes", start,
		       len > SHOWN ? "..." : "");
}

enum wire_state wire_parse(const char *text, size_t len, struct wire_line *ret, size_t *ret_len,
			   struct err *err)
{
	CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
	CLEANUP_BUF struct buf again = {0};
	struct reader r = {text, text + len, WIRE_WHOLE};

	if (!memchr(text, '\0', len) && take_line(&r, &line)) {
		size_t used = (size_t)(r.at - text);
		spell(&line, &again);
		if (again.len == used && memcmp(again.s, text, used) == 0) {
			*ret = line;
			line = (struct wire_line){.takes_over = false};
			*ret_len = used;
			return WIRE_WHOLE;
		}
	}
	if (r.state == WIRE_PARTIAL && len <= WIRE_MAX_BYTES && !memchr(text, '\0', len))
		return WIRE_PARTIAL;
	(void)bad(text, len, err);
	return WIRE_BAD;
}

int wire_words(const char *text, struct argv *ret, struct err *err)
{
	CLEANUP_FREE char *whole = str_fmt("%s\n", text);
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_BUF struct buf again = {0};
	struct reader r = {whole, whole + strlen(whole), WIRE_WHOLE};

	if (take_words(&r, &words) && r.at + 1 == r.end) {
		quote_argv(&again, words.v);
		if (strcmp(buf_str(&again), text) == 0) {
			argv_extend(ret, &words);
			return 0;
		}
	}
	return bad(text, strlen(text), err);
}

void wire_clear(struct wire_line *line)
{
	argv_clear(&line->env);
	argv_clear(&line->argv);
	free(line->input);
	free(line->log);
	memset(line, 0, sizeof(*line));
}
