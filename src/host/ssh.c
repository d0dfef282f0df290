/* SPDX-License-Identifier: MIT */
#include "ssh.h"

#include "cmigrate/agent/image.h"

/* Limit for ssh to connect; a host that is off costs this time. */
#define CONNECT_SECONDS "10"
/* A cut network is noticed after interval times count seconds. */
#define ALIVE_INTERVAL "2"
#define ALIVE_COUNT "3"

/*
 * The only shell text that a host ever gets, for whichever login shell it has. It looks for this
 * agent in the directories of src/agent/request/agent_file.c; if none has it, it takes the first
 * one that is root's alone, has room, and lets programs be executed, and reads the agent from
 * stdin. The room is taken before the file comes, because the file comes only once. A connection
 * may end in its middle: the image has "end" at its end.
 */
#define LINE                                                                                       \
	"exec sh -c '"                                                                             \
	"umask 077; a=%s; n=%zu; "                                                                 \
	"set -- /run/cmigrate-agent /var/lib/cmigrate-agent /root/.cmigrate-agent; "               \
	"for d do [ -O $d ] && [ -x $d/$a ] && exec $d/$a serve --kept $d/$a --name $a; done; "    \
	"for d do [ -L $d ] && continue; mkdir $d 2>/dev/null; [ -O $d ] || continue; "            \
	"t=$d/new.$$; { echo : >$t && chmod 700 $t && $t; } 2>/dev/null && "                       \
	"head -c $n /dev/zero 2>/dev/null >$t && { "                                               \
	"echo " AGENT_ABSENT "$(uname -m); head -c $n 1<>$t && [ \"$(tail -c 3 $t)\" = end ] && "  \
	"mv $t $d/$a && exec $d/$a serve --kept $d/$a --name $a; rm -f $t; exit 1; }; "            \
	"rm -f $t; done; "                                                                         \
	"echo no directory has room for the agent of cmigrate and lets programs be executed: "     \
	"$* >&2; exit 1'"

static void ssh_argv(const struct host *host, struct argv *a)
{
	argv_add(a, "ssh");
	argv_extend(a, &host->options);
	/* -T: no terminal. BatchMode: no questions, because nobody can answer them. */
	argv_addl(a, "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=" CONNECT_SECONDS, "-o",
		  "ServerAliveInterval=" ALIVE_INTERVAL, "-o", "ServerAliveCountMax=" ALIVE_COUNT,
		  "-o", "ForwardAgent=no", "-o", "ForwardX11=no", "-o", "ClearAllForwardings=yes",
		  "--", host->ssh, NULL);
	if (host->agent)
		argv_addf(a, "exec %s serve --kept %s", host->agent, host->agent);
	else
		argv_addf(a, LINE, agent_image_sum, (size_t)(agent_image_end - agent_image));
}

int ssh_start(const struct host *host, struct proc *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ssh_argv(host, &a);
	return proc_spawn(&(struct proc_spec){.argv = a.v, .with_stdin = true}, ret, err);
}
