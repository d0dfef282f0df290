/* SPDX-License-Identifier: MIT */
/* Checks of the container's sockets: what they are bound to, connected with, and what waits in
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/check.h"

#define WORD 32
#define NAME 512

/* Whether the container has the addresses, devices and abstract names of a network namespace that
 * is another one on the destination. */
static bool shares_network(const struct preflight *p)
{
	return p->bundle->host_network || p->bundle->netns;
}

/* Warns with the first fact of a key. fmt: the container, its host, the fact. */
#define WARN_WITH(key, fmt)                                                                        \
	do {                                                                                       \
		const char *told = facts_get(p->source, key);                                      \
		if (*told)                                                                         \
			return check_warn(f, NULL, fmt, p->bundle->name, p->source_name, told);    \
	} while (0)

static enum check_outcome external(const struct preflight *p, struct finding *f, const char *remedy,
				   const char *why, const char *fact)
{
	return check_fail(f, remedy,
			  "container '%s' on %s is connected to a unix socket outside of it%s: "
			  "%.200s",
			  p->bundle->name, p->source_name, why, fact);
}

/* "TYPE REACH NAME, HOLDER". Only a datagram socket can be connected anew, by a name that leads to
 * the same socket inside of the container and on the destination. */
static enum check_outcome check_external(const struct preflight *p, struct finding *f,
					 const char *fact)
{
	char type[WORD] = "", reach[WORD] = "", name[NAME] = "";

	(void)sscanf(fact, "%31s %31s %511[^ ,]", type, reach, name);
	if (strcmp(type, "datagram") != 0)
		return external(p, f, NULL, ", and criu can't move one half of it", fact);
	if (strcmp(reach, "reachable") != 0)
		return external(p, f, NULL, ", and criu can't find that one by its name", fact);
	CLEANUP_FREE char *wanted = str_fmt("datagram %s", name);
	if (!facts_has(p->destination, "unix", wanted))
		return check_fail(f, "start there the program that has it",
				  "nobody on %s has the unix socket '%.200s', to which container "
				  "'%s' is connected: %.200s",
				  p->destination_name, name, p->bundle->name, fact);
	if (p->ext_unix_sk)
		return CHECK_OK;
	return external(p, f, "move it with --ext-unix-sk", "", fact);
}

CHECK(sockets)
{
	const char *fact = facts_get(p->source, "in-flight");

	if (*fact)
		return check_fail(f, "let the program accept its connections",
				  "container '%s' on %s has a connection to a unix socket that "
				  "criu can't dump: %.200s",
				  p->bundle->name, p->source_name, fact);
	for (size_t i = 0; (fact = facts_nth(p->source, "external", i)) != NULL; i++)
		if (check_external(p, f, fact) == CHECK_FAILED)
			return CHECK_FAILED;
	return CHECK_OK;
}

CHECK(abstract_names)
{
	const char *fact;

	if (!shares_network(p))
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; (fact = facts_nth(p->source, "abstract", i)) != NULL; i++) {
		CLEANUP_FREE char *name = str_dupn(fact, strcspn(fact, ","));
		if (facts_has(p->destination, "unix", name))
			return check_fail(f, NULL,
					  "an abstract unix socket of container '%s' is in use on "
					  "%s: %.200s",
					  p->bundle->name, p->destination_name, fact);
	}
	return CHECK_OK;
}

/* On the destination any address may be bound to, by a setting of its kernel. */
static bool may_be_absent(const struct preflight *p, const char *kind, const char *ip)
{
	bool connected = strcmp(kind, "connection") == 0 || strcmp(kind, "datagrams") == 0;

	return !connected &&
	       facts_has(p->destination, "nonlocal-bind", strchr(ip, ':') ? "ipv6" : "ipv4");
}

static enum check_outcome check_bound(const struct preflight *p, struct finding *f,
				      const json_t *links, const char *fact)
{
	char kind[WORD] = "", ip[64] = "";
	int prefix;

	(void)sscanf(fact, "%31s %63[^ ,]", kind, ip);
	bool connection = strcmp(kind, "connection") == 0;
	/* CRIU binds no connection that it closes. */
	if ((connection && !p->tcp_established) || bundle_has_address(p->bundle, ip) ||
	    link_find_address(links, ip, &prefix) || may_be_absent(p, kind, ip))
		return CHECK_OK;
	if (connection)
		return check_fail(f,
				  "end that connection (ss -K), let the program connect from the "
				  "service address, or move it with --tcp-close",
				  "container '%s' on %s has a connection from an address that "
				  "stays there: %.200s",
				  p->bundle->name, p->source_name, fact);
	return check_fail(f, NULL,
			  "container '%s' on %s has a socket bound to an address that stays there: "
			  "%.200s",
			  p->bundle->name, p->source_name, fact);
}

CHECK(bound_addresses)
{
	CLEANUP_JSON json_t *links = facts_json(p->destination, "addr");
	const char *fact;

	if (!shares_network(p))
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; (fact = facts_nth(p->source, "bound", i)) != NULL; i++)
		if (check_bound(p, f, links, fact) == CHECK_FAILED)
			return CHECK_FAILED;
	return CHECK_OK;
}

/* "NAME, HOLDER" */
static enum check_outcome check_device_name(const struct preflight *p, struct finding *f,
					    const json_t *links, const char *fact)
{
	CLEANUP_FREE char *name = str_dupn(fact, strcspn(fact, ","));

	if (link_find_device(links, name))
		return CHECK_OK;
	return check_fail(f, NULL,
			  "there is no device '%.15s' on %s, to which a socket of container '%s' "
			  "is bound: %.200s",
			  name, p->destination_name, p->bundle->name, fact);
}

/* "NUMBER NAME, HOLDER" */
static enum check_outcome check_device_number(const struct preflight *p, struct finding *f,
					      const json_t *links, const char *fact)
{
	char name[WORD] = "";
	long long number = 0;

	(void)sscanf(fact, "%lld %31[^ ,]", &number, name);
	const json_t *there = json_object_get(link_find_device(links, name), "ifindex");
	if (json_integer_value(there) == number)
		return CHECK_OK;
	return check_fail(f, NULL,
			  "device %lld on %s isn't '%.15s', to which a packet socket of container "
			  "'%s' is bound: %.200s",
			  number, p->destination_name, name, p->bundle->name, fact);
}

CHECK(socket_devices)
{
	CLEANUP_JSON json_t *links = facts_json(p->destination, "addr");
	const char *fact;

	if (!shares_network(p))
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; (fact = facts_nth(p->source, "bound-device", i)) != NULL; i++)
		if (check_device_name(p, f, links, fact) == CHECK_FAILED)
			return CHECK_FAILED;
	for (size_t i = 0; (fact = facts_nth(p->source, "packet-device", i)) != NULL; i++)
		if (check_device_number(p, f, links, fact) == CHECK_FAILED)
			return CHECK_FAILED;
	return CHECK_OK;
}

CHECK(conversations)
{
	if (!p->tcp_established)
		return CHECK_NOT_NEEDED;
	WARN_WITH("left-behind",
		  "container '%s' is connected with a program on %s that stays there: %.200s");
	return CHECK_OK;
}

CHECK(unread)
{
	const char *fact = facts_get(p->source, "netlink");

	if (*fact)
		return check_fail(f, NULL,
				  "container '%s' on %s has a netlink socket with messages that it "
				  "does not read, which criu can't dump: %.200s",
				  p->bundle->name, p->source_name, fact);
	fact = facts_get(p->source, "corked");
	if (*fact)
		return check_fail(f, "let the program send the datagram before the move",
				  "container '%s' on %s has a corked UDP socket, which criu can't "
				  "dump: %.200s",
				  p->bundle->name, p->source_name, fact);
	WARN_WITH("unread", "container '%s' on %s does not read datagrams, which are lost: %.200s");
	WARN_WITH("urgent", "container '%s' on %s has not read urgent data, which is lost: %.200s");
	fact = facts_get(p->source, "unaccepted");
	if (!*fact)
		fact = facts_get(p->source, "unaccepted-unix");
	if (!*fact)
		return CHECK_OK;
	return check_warn(f, "let the program accept them before the move",
			  "container '%s' on %s does not accept connections, which are lost: "
			  "%.200s",
			  p->bundle->name, p->source_name, fact);
}

CHECK(multicast)
{
	WARN_WITH("multicast",
		  "container '%s' on %s has a socket in a multicast group, which it leaves: "
		  "%.200s");
	return CHECK_OK;
}

CHECK(socket_options)
{
	WARN_WITH("socket-option",
		  "container '%s' on %s has a socket with options that it loses: %.200s");
	return CHECK_OK;
}

/* "WHAT, ENDS, HOLDER". CRIU closes connections, and not listeners, if they are not to be kept. */
CHECK(tcp_keys)
{
	const char *fact;

	for (size_t i = 0; (fact = facts_nth(p->source, "tcp-keys", i)) != NULL; i++) {
		bool connection = strstr(fact, " to ") != NULL;
		if (connection && !p->tcp_established)
			continue;
		return check_fail(f,
				  connection ? "end that connection (ss -K), or move it with "
					       "--tcp-close"
					     : NULL,
				  "container '%s' on %s has a TCP socket whose keys the kernel has "
				  "and criu does not keep: %.200s",
				  p->bundle->name, p->source_name, fact);
	}
	return CHECK_OK;
}

/* CRIU makes the socket as group 0. In a network namespace that it makes, no group may. */
CHECK(ping)
{
	const char *fact = facts_get(p->source, "ping");
	unsigned first = 1, last = 0;

	if (!*fact)
		return CHECK_OK;
	if (!shares_network(p))
		return check_fail(f, "let the program close it, or use a raw socket (CAP_NET_RAW)",
				  "container '%s' on %s has an ICMP socket that is not raw, which "
				  "criu can't make in a network namespace of the container's own: "
				  "%.200s",
				  p->bundle->name, p->source_name, fact);
	(void)sscanf(facts_get(p->destination, "ping-groups"), "%u %u", &first, &last);
	if (first == 0 && first <= last)
		return CHECK_OK;
	return check_fail(f, NULL,
			  "container '%s' on %s has an ICMP socket that is not raw, and %s lets "
			  "group 0 have none: %.200s",
			  p->bundle->name, p->source_name, p->destination_name, fact);
}
