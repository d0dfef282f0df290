/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/signals.h"

#include <signal.h>
#include <stddef.h>

#include "cmigrate/move/move.h"

static void on_signal(int sig)
{
	move_cancelled = sig;
}

void signals_watch(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	/* A cmigrate that is stopped would leave the container frozen. */
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGTSTP, &action, NULL);
	(void)sigaction(SIGTTOU, &action, NULL);
}
