/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sockets.h"

/* A socket of the container whose other end is outside. */
struct external {
	const struct open_socket *ours;
	uint32_t peer;
	int type;
	bool found; /* the other end, in this network namespace */
	uint32_t file;
	char *name, *shown;
};

struct unixes {
	struct walk *walk;
	struct passings *ret;
	struct external *v;
	size_t n;
};

static void on_abstract(const struct unix_sock *sock, void *ctx)
{
	struct walk *walk = ctx;
	const struct open_socket *ours = socket_find(walk, sock->inode);

	if (ours)
		walk->sockets[ours - walk->sockets].local = true;
	if (!ours || !unix_holds_abstract(sock))
		return;
	CLEANUP_FREE char *name = unix_name(sock), *holder = socket_holder(ours);
	walk_tell(walk, "abstract", "%s %s, %s", unix_type(sock), name, holder);
}

void unix_sockets(struct walk *walk)
{
	(void)sock_list_unix(walk->req, on_abstract, walk);
}

/* A container's connections that its own listener has not accepted move, unless they have data, or
 * are closed again. Others than its own are lost. */
static void look_at_waiting(struct unixes *u, const struct unix_sock *sock,
			    const struct open_socket *ours)
{
	if (sock->connected && !sock->peer && sock->unread)
		passing_add(u->ret, "in-flight", ours,
			    str_dup("with data for one that has not accepted it"));
	for (size_t i = 0; i < sock->n_waiting; i++) {
		if (!sock->waiting[i])
			passing_add(u->ret, "in-flight", ours,
				    str_dup("closed before it was accepted"));
		else if (!socket_find(u->walk, sock->waiting[i]))
			passing_add(u->ret, "unaccepted-unix", ours, unix_name(sock));
	}
}

static void on_ours(const struct unix_sock *sock, void *ctx)
{
	struct unixes *u = ctx;
	const struct open_socket *ours = socket_find(u->walk, sock->inode);

	if (!ours)
		return;
	look_at_waiting(u, sock, ours);
	if (!sock->peer || socket_find(u->walk, sock->peer))
		return;
	u->v = mem_grow(u->v, u->n + 1, sizeof(*u->v));
	u->v[u->n++] = (struct external){.ours = ours, .peer = sock->peer, .type = sock->type};
}

static void on_peer(const struct unix_sock *sock, void *ctx)
{
	struct unixes *u = ctx;

	for (size_t i = 0; i < u->n; i++) {
		struct external *e = &u->v[i];
		if (e->peer != sock->inode || e->found)
			continue;
		e->found = true;
		e->file = sock->file;
		e->name = sock->name_len ? str_dupn(sock->name, sock->name_len) : NULL;
		e->shown = unix_name(sock);
	}
}

/* As a process with that root would find it. */
static int open_inside(pid_t pid, const char *path)
{
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	CLEANUP_FREE char *link = str_fmt("/proc/%d/root", (int)pid);
	int root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return -1;
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	(void)close(root);
	return fd;
}

/* CRIU connects it anew by the name that its other end was bound to, in the container's root. */
static bool is_inside(const struct walk *walk, const struct external *e)
{
	struct stat st;

	if (!e->name || *e->name != '/')
		return e->name && !*e->name;
	int fd = open_inside(walk->first > 0 ? walk->first : e->ours->pid, e->name);
	if (fd < 0)
		return false;
	bool same = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) && (uint32_t)st.st_ino == e->file;
	(void)close(fd);
	return same;
}

static const char *reach(const struct walk *walk, const struct external *e)
{
	if (!e->found)
		return "foreign";
	if (!e->name)
		return "unnamed";
	return is_inside(walk, e) ? "reachable" : "elsewhere";
}

/* "TYPE REACH NAME" */
static void add_external(const struct unixes *u, const struct external *e)
{
	const struct unix_sock sock = {.type = e->type};

	passing_add(u->ret, "external", e->ours,
		    str_fmt("%s %s %s", unix_type(&sock), reach(u->walk, e),
			    e->shown ? e->shown : "-"));
}

void unix_passing(struct walk *walk, struct passings *ret)
{
	struct unixes u = {.walk = walk, .ret = ret};

	if (sock_list_unix(walk->req, on_ours, &u) == 0 && u.n)
		(void)sock_list_unix(walk->req, on_peer, &u);
	for (size_t i = 0; i < u.n; i++) {
		add_external(&u, &u.v[i]);
		free(u.v[i].name);
		free(u.v[i].shown);
	}
	free(u.v);
}
