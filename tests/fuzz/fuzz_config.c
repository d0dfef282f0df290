/* SPDX-License-Identifier: MIT */
/* The configuration file, and the hosts made from it. */
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/host/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct config config;

	if (config_parse((const char *)data, size, "fuzz", &config, &err) < 0) {
		if (err.code != EXIT_USAGE || !*err.msg)
			__builtin_trap();
	} else {
		for (size_t i = 0; i < config.n_hosts; i++) {
			const char *name = config.hosts[i].name;
			CLEANUP_HOST struct host *host = config_host(&config, name, NULL, &err);
			/* An accepted host can be made, and its name is no option. */
			if (!host || (host->ssh && host->ssh[0] == '-'))
				__builtin_trap();
		}
		CLEANUP_FREE char *here = config_here(&config);
		if (!*here)
			__builtin_trap();
	}
	config_clear(&config);
	return 0;
}
