/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "agent/network/sock_list.h"
#include "sockets.h"

#define LOOK_MS 50
#define LOOKS 10

static int by_inode(const void *a, const void *b)
{
	const struct open_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

const struct open_socket *socket_find(const struct walk *walk, uint32_t inode)
{
	const struct open_socket key = {.inode = inode};

	return inode ? bsearch(&key, walk->sockets, walk->n_sockets, sizeof(key), by_inode) : NULL;
}

char *socket_holder(const struct open_socket *socket)
{
	struct buf text = {0};

	walk_name(socket->pid, &text);
	buf_printf(&text, ", descriptor %d", socket->fd);
	return buf_steal(&text);
}

static void add_end(struct buf *to, const char *ip, unsigned port)
{
	bool v6 = strchr(ip, ':') != NULL;

	buf_printf(to, "%s%s%s:%u", v6 ? "[" : "", ip, v6 ? "]" : "", port);
}

char *socket_ends(const struct sock *sock)
{
	struct buf text = {0};

	add_end(&text, sock->src, sock->sport);
	if (sock->dport) {
		buf_puts(&text, " to ");
		add_end(&text, sock->dst, sock->dport);
	}
	return buf_steal(&text);
}

bool socket_is_new(struct walk *walk, const char *text)
{
	if (argv_has(&walk->said, text))
		return false;
	argv_add(&walk->said, text);
	return true;
}

void passing_add(struct passings *to, const char *key, const struct open_socket *socket, char *what)
{
	/* The array grows in powers of two. */
	if ((to->n & (to->n - 1)) == 0)
		to->v = mem_grow(to->v, to->n ? to->n * 2 : 1, sizeof(*to->v));
	to->v[to->n++] = (struct passing){key, socket, what};
}

static void passings_clear(struct passings *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i].what);
	free(p->v);
	memset(p, 0, sizeof(*p));
}

/* Connections from an address may come and go; it counts that there is one. */
static bool is_same(const struct passing *a, const struct passing *b)
{
	size_t len = strcspn(a->what, ",");

	if (strcmp(a->key, b->key) != 0)
		return false;
	return a->socket == b->socket ||
	       (strcmp(a->key, "bound") == 0 && strncmp(a->what, b->what, len + 1) == 0);
}

static bool has_passing(const struct passings *all, const struct passing *one)
{
	for (size_t i = 0; i < all->n; i++)
		if (is_same(&all->v[i], one))
			return true;
	return false;
}

static void keep_those_in(struct passings *p, const struct passings *now)
{
	struct passings kept = {0};

	for (size_t i = 0; i < p->n; i++) {
		struct passing *one = &p->v[i];
		if (!has_passing(now, one))
			continue;
		passing_add(&kept, one->key, one->socket, one->what);
		one->what = NULL;
	}
	passings_clear(p);
	*p = kept;
}

static void tell_passing(struct walk *walk, struct passings *p)
{
	for (int i = 0; i < LOOKS && p->n; i++) {
		struct passings now = {0};
		if (!request_sleep(walk->req, LOOK_MS))
			return;
		inet_passing(walk, &now);
		unix_passing(walk, &now);
		netlink_passing(walk, &now);
		raw_passing(walk, &now);
		keep_those_in(p, &now);
		passings_clear(&now);
	}
	for (size_t i = 0; i < p->n; i++) {
		CLEANUP_FREE char *holder = socket_holder(p->v[i].socket);
		walk_tell(walk, p->v[i].key, "%s, %s", p->v[i].what, holder);
	}
}

void container_sockets(struct walk *walk)
{
	struct netns netns = {-1};
	struct passings passing = {0};
	pid_t pid = walk->first > 0 ? walk->first : walk->processes[0].pid;

	if (!walk->n_sockets)
		return;
	qsort(walk->sockets, walk->n_sockets, sizeof(*walk->sockets), by_inode);
	if (sock_enter_process(walk->req, pid, &netns) == 0) {
		inet_sockets(walk, &passing);
		unix_sockets(walk);
		unix_passing(walk, &passing);
		packet_sockets(walk);
		netlink_passing(walk, &passing);
		socket_copies(walk);
		raw_passing(walk, &passing);
		tell_passing(walk, &passing);
	}
	netns_leave(&netns);
	passings_clear(&passing);
}
