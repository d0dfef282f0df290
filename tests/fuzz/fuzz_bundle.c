/* SPDX-License-Identifier: MIT */
/* config.json of a bundle, which people and other programs write. */
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/container/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct bundle bundle;

	if (bundle_init(&bundle, "/runc/containers", "fuzz", &err) < 0)
		return 0;
	if (bundle_parse(&bundle, (const char *)data, size, &err) < 0) {
		if (err.code != EXIT_USAGE || !*err.msg)
			__builtin_trap();
	} else {
		/* Accepted values are safe on a command line. */
		for (size_t i = 0; i < bundle.n_addresses; i++)
			if (bundle.addresses[i].device[0] == '-')
				__builtin_trap();
		for (size_t i = 0; i < bundle.endpoints.n; i++)
			if (name_check_endpoint(bundle.endpoints.v[i], &err) < 0)
				__builtin_trap();
		if (bundle.netns && name_check_path(bundle.netns, &err) < 0)
			__builtin_trap();
	}
	bundle_clear(&bundle);
	return 0;
}
