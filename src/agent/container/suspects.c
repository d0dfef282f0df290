/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "walk.h"

/* A health check has ended by then, and so has "runc init", which starts it. */
#define LOOK_MS 50
#define LOOKS 20

struct suspect {
	const char *key;
	pid_t pid;
	unsigned long long start;
	walk_suspicion holds;
	char *what;
};

static bool still_holds(const struct walk *walk, struct suspect *s)
{
	CLEANUP_BUF struct buf what = {0};
	struct process p;

	if (!s->holds(walk, s->pid, &what) || !process_read(s->pid, &p) ||
	    (s->start && p.start != s->start))
		return false;
	s->start = p.start;
	free(s->what);
	s->what = str_dup(buf_str(&what));
	return true;
}

void walk_suspect(struct walk *walk, const char *key, pid_t pid, walk_suspicion holds)
{
	struct suspect s = {.key = key, .pid = pid, .holds = holds};

	if (!still_holds(walk, &s))
		return;
	walk->suspects = mem_grow(walk->suspects, walk->n_suspects + 1, sizeof(*walk->suspects));
	walk->suspects[walk->n_suspects++] = s;
}

static void look_again(struct walk *walk)
{
	size_t kept = 0;

	for (size_t i = 0; i < walk->n_suspects; i++) {
		if (still_holds(walk, &walk->suspects[i]))
			walk->suspects[kept++] = walk->suspects[i];
		else
			free(walk->suspects[i].what);
	}
	walk->n_suspects = kept;
}

void suspects(struct walk *walk)
{
	for (int i = 0; i < LOOKS && walk->n_suspects; i++) {
		if (!request_sleep(walk->req, LOOK_MS))
			return;
		look_again(walk);
	}
	for (size_t i = 0; i < walk->n_suspects; i++)
		walk_tell(walk, walk->suspects[i].key, "%s", walk->suspects[i].what);
}

void suspects_clear(struct walk *walk)
{
	for (size_t i = 0; i < walk->n_suspects; i++)
		free(walk->suspects[i].what);
	free(walk->suspects);
}
