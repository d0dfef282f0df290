/* SPDX-License-Identifier: MIT */
/*
 * check: the single checks of preflight's table, grouped by what they look at. Each is a pure
 * function of *p. A check that fails ends with check_fail() or check_warn().
 */
#ifndef CMIGRATE_CHECK_H
#define CMIGRATE_CHECK_H

#include "cmigrate/check/preflight.h"
#include "cmigrate/network/links.h"

struct finding {
	char *message;
	char *remedy; /* NULL: the table's */
	bool warning; /* a warning, though the table has it as an error */
	bool gone;    /* the container isn't on its source, or has ended there */
};

/* Sets the message and returns CHECK_FAILED. remedy NULL: the table's. */
enum check_outcome check_fail(struct finding *f, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* As check_fail(), but only a warning. */
enum check_outcome check_warn(struct finding *f, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* One of the two hosts, for checks that look at both. */
struct check_host {
	const char *name;
	const struct facts *facts;
};
struct check_host check_host(const struct preflight *p, size_t i);
#define CHECK_HOSTS 2

/*
 * Whether the page server and its client know each other by the same addresses: nobody else is let
 * in. A service address doesn't count: it leaves in the middle of the move.
 */
bool check_peers(const struct facts *server, const struct facts *client,
		 const struct bundle *bundle);
/* "12.3 MiB", owned by the caller. */
char *check_size(unsigned long long bytes);

#define CHECK(name) enum check_outcome check_##name(const struct preflight *p, struct finding *f)

/* host.c */
CHECK(facts);
CHECK(root);
CHECK(source_is_destination);
CHECK(tools);
CHECK(machine);
CHECK(cgroup);
CHECK(memory);
/* placement.c */
CHECK(owner);
CHECK(cordon);
CHECK(hosts);
CHECK(group);
/* cpu.c */
CHECK(cpu);
/* criu.c */
CHECK(runc);
CHECK(criu);
CHECK(criu_kernel);
CHECK(criu_check);
CHECK(criu_order);
CHECK(criu_config);
CHECK(gate);
/* post_copy.c */
CHECK(pages);
/* shared_directory.c */
CHECK(bundle);
CHECK(writable);
CHECK(shared);
CHECK(space);
/* container.c */
CHECK(container);
CHECK(name);
CHECK(hooks);
CHECK(terminal);
CHECK(stdio);
CHECK(locks);
CHECK(sleep);
CHECK(deleted);
CHECK(attributes);
CHECK(mptcp);
/* files.c */
CHECK(binds);
CHECK(mounts);
CHECK(files);
CHECK(fifos);
/* processes.c */
CHECK(traced);
CHECK(zombies);
CHECK(nested);
CHECK(exec);
CHECK(io_uring);
CHECK(descriptors);
CHECK(code);
CHECK(watches);
CHECK(epoll);
CHECK(queues);
CHECK(ipc);
CHECK(inherited_locks);
CHECK(timers);
CHECK(scheduling);
/* sockets.c */
CHECK(sockets);
CHECK(abstract_names);
CHECK(bound_addresses);
CHECK(socket_devices);
CHECK(conversations);
CHECK(socket_options);
CHECK(unread);
CHECK(multicast);
/* limits.c */
CHECK(memory_limit);
CHECK(pids_limit);
CHECK(limits);
/* network.c */
CHECK(netns);
CHECK(ports);
CHECK(device);
CHECK(address);
CHECK(address_source);
CHECK(address_in_use);
CHECK(address_preferred);
CHECK(connection);
CHECK(endpoint);
CHECK(packets);

#endif
