/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include <string.h>

#include "agent/shared/in_clear.h"

static void mounts(void **state)
{
	static const struct {
		const char *type, *options;
		bool clear;
	} rows[] = {
		{"nfs4", "rw,vers=4.2,proto=tcp,sec=sys,clientaddr=10.0.0.1,addr=10.0.0.9", true},
		{"nfs4", "rw,vers=4.2,sec=krb5,addr=10.0.0.9", true},
		{"nfs4", "rw,vers=4.2,sec=krb5i,addr=10.0.0.9", true},
		{"nfs4", "rw,vers=4.2,sec=krb5p,addr=10.0.0.9", false},
		{"nfs4", "rw,vers=4.2,sec=sys,xprtsec=tls,addr=10.0.0.9", false},
		{"nfs4", "rw,vers=4.2,sec=sys,xprtsec=mtls,addr=10.0.0.9", false},
		{"nfs4", "rw,vers=4.2,sec=sys,xprtsec=none,addr=10.0.0.9", true},
		{"nfs", "rw,vers=3,sec=sys,addr=10.0.0.9", true},
		/* The host that exports it. */
		{"nfs4", "rw,sec=sys,addr=127.0.0.1", false},
		{"nfs4", "rw,sec=sys,addr=127.0.0.10", true},
		{"cifs", "rw,vers=3.1.1,username=x", true},
		{"cifs", "rw,vers=3.1.1,seal,username=x", false},
		{"ext4", "rw,relatime", false},
		{"fuse.sshfs", "rw,user_id=0", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_FREE char *text = str_fmt(
			"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
			"30 22 0:49 / /srv rw,relatime shared:9 - nfs4 nas:/srv "
			"rw,sec=sys,addr=10.0.0.9\n"
			"31 22 0:51 /a /runc rw,relatime shared:7 master:2 - %s nas:/runc %s\n",
			rows[i].type, rows[i].options);
		CLEANUP_FREE char *type = in_clear_type(text, "0:51");
		if (rows[i].clear ? !type || strcmp(type, rows[i].type) != 0 : type != NULL)
			fail_msg("%s %s", rows[i].type, rows[i].options);
	}
	assert_null(in_clear_type("31 22 0:51 / /runc rw - nfs4\n31 22\n\n", "0:51"));
	assert_null(in_clear_type("", "0:51"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mounts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
