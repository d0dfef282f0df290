/* SPDX-License-Identifier: MIT */
#include "cmigrate/check/preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/suggest.h"
#include "cmigrate/check/check.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Only the first failure is reported, so a cause comes before its consequences. */
static const struct check checks[] = {
	{"facts", CHECK_ERROR, true, "both hosts answered all that the checks ask",
	 "try again; if it stays so, run the command with --verbose", check_facts},
	{"root", CHECK_ERROR, true, "cmigrate is root on both hosts",
	 "let ssh log in as root there, in the configuration: \"ssh\": {\"user\": \"root\"}",
	 check_root},
	{"source-is-destination", CHECK_ERROR, true, "source and destination are two hosts",
	 "name another destination", check_source_is_destination},
	{"owner", CHECK_ERROR, false, "no cluster has the container as a resource of its own",
	 "let the cluster move it: crm_resource --move", check_owner},
	{"cordon", CHECK_ERROR, false, "the destination is not cordoned",
	 "name another destination, or --force", check_cordon},
	{"hosts", CHECK_ERROR, false, "org.cmigrate.hosts allows the destination",
	 "name another destination, or --force", check_hosts},
	{"group", CHECK_ERROR, false, "the container's group may have it on the destination",
	 "name another destination, or --force", check_group},
	{"tools", CHECK_ERROR, false, "ip, tar and, if rules are needed, nft are there",
	 "install iproute2 and tar there", check_tools},
	{"container", CHECK_ERROR, true, "the container runs on the source, from this bundle",
	 "start it: cmigrate run", check_container},
	{"runc", CHECK_ERROR, false, "runc on both hosts is 1.1 or newer",
	 "install a newer runc there", check_runc},
	{"criu", CHECK_ERROR, false, "criu on both hosts is 3.15 or newer",
	 "install a newer criu there", check_criu},
	{"bundle", CHECK_ERROR, true, "config.json is the same file on both hosts",
	 "mount the shared directory that holds it on both hosts", check_bundle},
	{"writable", CHECK_ERROR, false,
	 "root of both hosts can write in the bundle, and owns that",
	 "mount the shared directory that holds it with rw", check_writable},
	{"shared", CHECK_ERROR, true, "the bundle is one and the same directory on both hosts",
	 "mount the shared directory that holds it on both hosts", check_shared},
	{"name", CHECK_ERROR, true, "the container's name is free on the destination",
	 "delete that one: cmigrate delete, or runc delete there", check_name},
	{"machine", CHECK_ERROR, false, "both hosts have the same architecture",
	 "name another destination", check_machine},
	{"cpu", CHECK_ERROR, false, "the destination's CPU has every instruction of the source's",
	 "give virtual machines a CPU model that both can have", check_cpu},
	{"cgroup", CHECK_ERROR, false, "both hosts have the same version of cgroups",
	 "boot one of them with systemd.unified_cgroup_hierarchy=0 or =1", check_cgroup},
	{"criu-kernel", CHECK_ERROR, false, "criu on each host knows the kernel there",
	 "install a newer criu there", check_criu_kernel},
	{"criu-check", CHECK_WARNING, false, "'criu check' finds nothing missing",
	 "see what it says there", check_criu_check},
	{"criu-order", CHECK_WARNING, false, "the destination's criu is not the older one",
	 "install the same criu on both hosts", check_criu_order},
	{"criu-config", CHECK_WARNING, false, "/etc/criu/runc.conf is the same on both hosts",
	 "make them the same: what is in them overrides what cmigrate asks for", check_criu_config},
	{"gate", CHECK_WARNING, false, "criu on the source can wait at a gate (3.19)",
	 "install criu 3.19 or newer there", check_gate},
	{"pages", CHECK_ERROR, false, "memory can follow the container (post-copy)",
	 "move it with --strategy cold", check_pages},
	{"space", CHECK_ERROR, false, "the shared directory has room for the images",
	 "free some space there", check_space},
	{"memory", CHECK_ERROR, false, "the destination has memory for the container",
	 "free some memory there, or name another destination", check_memory},
	{"memory-limit", CHECK_ERROR, false,
	 "the container's own limit of memory has room for a restore",
	 "raise linux.resources.memory.limit in its config.json", check_memory_limit},
	{"pids-limit", CHECK_ERROR, false,
	 "the container's own limit of processes has room for a restore",
	 "raise linux.resources.pids.limit in its config.json", check_pids_limit},
	{"limits", CHECK_WARNING, false, "the container's CPUs and memory nodes are there",
	 "give it others first: runc update --cpuset-cpus, --cpuset-mems", check_limits},
	{"binds", CHECK_ERROR, false, "what the container bind-mounts is on the destination",
	 "make or mount it there", check_binds},
	{"hooks", CHECK_WARNING, false, "the container has no OCI hooks",
	 "see to it that they may run again, and do by hand what the others did", check_hooks},
	{"mounts", CHECK_ERROR, false, "what the container has mounted is what it was started with",
	 "start it anew: cmigrate stop, cmigrate run", check_mounts},
	{"files", CHECK_ERROR, false,
	 "files of a host that the container uses are the same on the destination",
	 "copy them there: rsync -a", check_files},
	{"fifos", CHECK_WARNING, false, "no named pipe leads out of the container",
	 "move what has the other end too, or let a socket connect them", check_fifos},
	{"netns", CHECK_ERROR, false, "the network namespace that config.json names is there",
	 "make it there: ip netns add", check_netns},
	{"ports", CHECK_ERROR, false, "ports that the container listens on are free there",
	 "stop what listens there", check_ports},
	{"device", CHECK_ERROR, false, "the destination has a device for the service address",
	 "name another: --address ADDRESS/PREFIX@DEVICE, or \"device\" in the configuration",
	 check_device},
	{"address", CHECK_ERROR, false, "the service address is not yet on the destination",
	 "take it off there: ip addr del", check_address},
	{"address-source", CHECK_WARNING, false, "the service address is on the source",
	 "bring it up there: ip addr add", check_address_source},
	{"address-in-use", CHECK_ERROR, false, "no third host has the service address",
	 "take it off there, or give the container another", check_address_in_use},
	{"address-preferred", CHECK_WARNING, false,
	 "the source's own connections don't come from the service address",
	 "ip -6 addr change ADDRESS/PREFIX dev DEVICE preferred_lft 0", check_address_preferred},
	{"connection", CHECK_ERROR, false, "no ssh connection goes over the service address",
	 "name the host by an address of its own, and log in there by that", check_connection},
	{"endpoint", CHECK_WARNING, false, "the endpoint answers before the move",
	 "a move is undone if the endpoint stays silent after it: fix it, or name another with "
	 "--endpoint",
	 check_endpoint},
	{"packets", CHECK_WARNING, false, "the destination can hold packets back",
	 "install the kernel's ifb module there", check_packets},
	{"exec", CHECK_ERROR, false, "all processes of the container come from its first one",
	 "end it: what 'runc exec' or nsenter starts is not moved", check_exec},
	{"traced", CHECK_ERROR, false, "nobody traces a process of the container",
	 "end the tracer: strace, gdb", check_traced},
	{"zombies", CHECK_ERROR, false, "no process goes on without its first thread",
	 "end that process", check_zombies},
	{"nested", CHECK_ERROR, false, "no process has namespaces of its own, but for mounts",
	 "end that process, or start it without them", check_nested},
	{"terminal", CHECK_ERROR, false, "the container has no terminal",
	 "start it with cmigrate run, or move it with --shell-job", check_terminal},
	{"stdio", CHECK_ERROR, false, "the container has no file of the host open",
	 "start it with cmigrate run, which leaves it none", check_stdio},
	{"locks", CHECK_ERROR, false, "the container holds no lock on a file that others see",
	 "move it with --strategy cold", check_locks},
	{"sleep", CHECK_ERROR, false, "the container does not end with a sleep of busybox",
	 "start it with another command: sleep infinity, or tail -f /dev/null", check_sleep},
	{"sockets", CHECK_ERROR, false, "no unix socket connects the container with others",
	 "let the program close it, or end whatever has its other end", check_sockets},
	{"abstract-names", CHECK_ERROR, false,
	 "abstract names of the container's unix sockets are free there",
	 "end the program that has it there", check_abstract_names},
	{"bound-addresses", CHECK_ERROR, false,
	 "no socket of the container needs an address that stays on the source",
	 "let the program use the service address, or any (0.0.0.0, ::)", check_bound_addresses},
	{"socket-devices", CHECK_ERROR, false,
	 "network devices that the container's sockets are bound to are there",
	 "let the program close it, or bind it to no device", check_socket_devices},
	{"deleted", CHECK_ERROR, false, "the container has no deleted file open that is too large",
	 "move it with a larger --ghost-limit", check_deleted},
	{"attributes", CHECK_WARNING, false,
	 "no file with contents in a tmpfs has attributes (user.*, capabilities, ACLs)",
	 "set it again after the move, or keep the file elsewhere", check_attributes},
	{"io-uring", CHECK_ERROR, false, "the container does not use io_uring",
	 "start it with a config.json of cmigrate generate, which denies io_uring", check_io_uring},
	{"descriptors", CHECK_ERROR, false, "CRIU can dump every kind of descriptor that is open",
	 "let the program close it, or start it so that it does without", check_descriptors},
	{"code", CHECK_ERROR, false, "CRIU can write into the first code of each process",
	 "start the program without a compiler at run time, php with opcache.jit_buffer_size=0",
	 check_code},
	{"watches", CHECK_ERROR, false, "the container watches no files of an overlay",
	 "let it poll instead, or watch files that are not on an overlay", check_watches},
	{"epoll", CHECK_ERROR, false, "epoll waits for no descriptor that is closed",
	 "end that process", check_epoll},
	{"queues", CHECK_ERROR, false, "the container has no POSIX message queue",
	 "let the program close and remove it (mq_unlink)", check_queues},
	{"ipc", CHECK_ERROR, false, "the container uses no IPC of the host",
	 "give it an IPC namespace of its own in its config.json", check_ipc},
	{"inherited-locks", CHECK_WARNING, false,
	 "no process has a POSIX lock on an open file that it has from an older one",
	 "let the process open the file itself, or lock it by flock", check_inherited_locks},
	{"timers", CHECK_WARNING, false, "no process has a periodic timer that may stop",
	 "let the program set its timer anew after the move", check_timers},
	{"scheduling", CHECK_WARNING, false,
	 "no process has CPUs, I/O priority, timer slack or core dumps of its own",
	 "set them again after the move", check_scheduling},
	{"conversations", CHECK_WARNING, false,
	 "no connection of the container has its other end on the source",
	 "end it before the move, or move the other program too and connect again",
	 check_conversations},
	{"unread", CHECK_ERROR, false, "nothing waits in the container's sockets that is lost",
	 "let the program read it before the move", check_unread},
	{"multicast", CHECK_WARNING, false, "no socket of the container is in a multicast group",
	 "let the program join it again after the move", check_multicast},
	{"socket-options", CHECK_WARNING, false, "no socket has options that criu does not know",
	 "let the program set them again after the move, or connect again", check_socket_options},
	{"mptcp", CHECK_ERROR, false, "the container has no MPTCP socket",
	 "start it with GODEBUG=multipathtcp=0 in its environment", check_mptcp},
};

const struct check *preflight_checks(size_t *ret_n)
{
	*ret_n = COUNT(checks);
	return checks;
}

static enum check_outcome fail(struct finding *f, const char *remedy, const char *fmt, va_list ap)
{
	char message[ERR_SIZE];

	(void)vsnprintf(message, sizeof(message), fmt, ap);
	/* Escapes in a host's JSON may have become control bytes. */
	str_mask(message);
	str_set(&f->message, message);
	str_set(&f->remedy, remedy);
	return CHECK_FAILED;
}

enum check_outcome check_fail(struct finding *f, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	enum check_outcome outcome = fail(f, remedy, fmt, ap);
	va_end(ap);
	return outcome;
}

enum check_outcome check_warn(struct finding *f, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	enum check_outcome outcome = fail(f, remedy, fmt, ap);
	va_end(ap);
	f->warning = true;
	return outcome;
}

struct check_host check_host(const struct preflight *p, size_t i)
{
	if (i == 0)
		return (struct check_host){p->source_name, p->source};
	return (struct check_host){p->destination_name, p->destination};
}

char *check_size(unsigned long long bytes)
{
	static const char units[] = "KMGT";
	double n = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return str_fmt("%llu bytes", bytes);
	for (; n >= 1024 && units[unit + 1]; unit++)
		n /= 1024;
	return str_fmt("%.*f %ciB", n < 10 ? 1 : 0, n, units[unit]);
}

static int check_id(const char *id, struct err *err)
{
	const char *known[COUNT(checks) + 1] = {0};

	for (size_t i = 0; i < COUNT(checks); i++) {
		known[i] = checks[i].id;
		if (strcmp(known[i], id) == 0)
			return 0;
	}
	(void)err_set(err, EXIT_USAGE, "there is no check '%.40s'", id);
	(void)suggest_append(err, "", id, known);
	return -1;
}

int preflight_skip(const struct argv *lists, struct argv *ret, struct err *err)
{
	size_t first = ret->n;

	for (size_t i = 0; i < lists->n; i++)
		argv_words(ret, lists->v[i], ", ");
	for (size_t i = first; i < ret->n; i++)
		if (check_id(ret->v[i], err) < 0)
			return -1;
	return 0;
}

void preflight_force(struct argv *ret)
{
	argv_addl(ret, "cordon", "hosts", "group", NULL);
}

/* About a destination, or the way there. */
static bool is_of_two(const char *id)
{
	static const char *const ids[] = {"source-is-destination",
					  "cordon",
					  "hosts",
					  "group",
					  "shared",
					  "name",
					  "gate",
					  "memory",
					  "ports",
					  "device",
					  "address",
					  "address-source",
					  "address-in-use",
					  "address-preferred",
					  "connection",
					  "endpoint",
					  "packets",
					  "locks"};

	for (size_t i = 0; i < COUNT(ids); i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

static void run_check(const struct preflight *p, const struct check *check,
		      struct check_result *ret)
{
	struct finding f = {0};

	ret->id = check->id;
	ret->severity = check->severity;
	ret->outcome = CHECK_SKIPPED;
	if (argv_has(&p->skip, check->id))
		return;
	ret->outcome = p->alone && is_of_two(check->id) ? CHECK_NOT_NEEDED : check->run(p, &f);
	if (ret->outcome != CHECK_FAILED)
		return;
	if (f.warning)
		ret->severity = CHECK_WARNING;
	ret->refuses = p->strict || ret->severity == CHECK_ERROR;
	ret->gone = f.gone;
	ret->message = f.message;
	ret->remedy = f.remedy ? f.remedy : str_dup(check->remedy);
}

void preflight_run(const struct preflight *p, struct check_results *ret)
{
	ret->n = COUNT(checks);
	ret->rows = mem_new(ret->n, sizeof(*ret->rows));
	for (size_t i = 0; i < ret->n; i++)
		run_check(p, &checks[i], &ret->rows[i]);
}

static bool is_vital(const char *id)
{
	for (size_t i = 0; i < COUNT(checks); i++)
		if (strcmp(checks[i].id, id) == 0)
			return checks[i].vital;
	return false;
}

int preflight_verdict(const struct check_results *results, struct err *err)
{
	const struct check_result *first = NULL;
	size_t refuse = 0;

	for (size_t i = 0; i < results->n; i++) {
		const struct check_result *row = &results->rows[i];
		if (!row->refuses)
			continue;
		refuse++;
		if (!first || (first->severity == CHECK_WARNING && row->severity == CHECK_ERROR))
			first = row;
	}
	if (!first)
		return 0;
	const size_t more = refuse - 1;
	const bool vital = is_vital(first->id);
	(void)err_set(err, EXIT_REFUSED, "check '%s'%s: %s; %s%s%s", first->id,
		      first->severity == CHECK_WARNING ? ", a warning (--strict)" : "",
		      first->message, first->remedy, vital ? "" : ", or --skip-check ",
		      vital ? "" : first->id);
	(void)err_because_check(err, first->id, first->gone);
	return more ? err_append(err, "%zu more failed", more) : -1;
}

void check_results_clear(struct check_results *results)
{
	for (size_t i = 0; i < results->n; i++) {
		free(results->rows[i].message);
		free(results->rows[i].remedy);
	}
	free(results->rows);
	memset(results, 0, sizeof(*results));
}
