/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "cmigrate/base/str.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

typedef int check_fn(const char *word, struct err *err);

/* A message of NULL: the word is good. */
struct row {
	const char *word, *message;
};

static void check_rows(check_fn *check, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err err = ERR_INIT;
		int status = check(rows[i].word, &err);
		if (!rows[i].message != !status)
			fail_msg("'%s': %d %s", rows[i].word, status, err.msg);
		if (!rows[i].message)
			continue;
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].message))
			fail_msg("'%s': %s", rows[i].word, err.msg);
	}
}

static void containers(void **state)
{
	static const struct row rows[] = {
		{"rhel7-httpd", NULL},
		{"a", NULL},
		{"A_b+c.d-9", NULL},
		{"", "container name is empty"},
		{"-a", "begins with '-'"},
		{".", "is not allowed"},
		{"..", "is not allowed"},
		{"a/b", "not allowed in it"},
		{"a b", "not allowed in it"},
		/* No container has the name of a log in /run/cmigrate. */
		{"run@web.aBc123", "not allowed in it"},
		{"a\n", "not allowed in it"},
		{"$(id)", "not allowed in it"},
		{"\xc3\xbc", "not allowed in it"},
	};

	(void)state;
	check_rows(name_check, rows, COUNT(rows));
}

static void lengths(void **state)
{
	struct err err = ERR_INIT;
	char word[130];

	(void)state;
	memset(word, 'a', sizeof(word));
	word[129] = '\0';
	assert_int_equal(name_check(word, &err), -1);
	assert_non_null(strstr(err.msg, "longer than 128 bytes"));
	word[128] = '\0';
	assert_int_equal(name_check(word, &err), 0);
	word[16] = '\0';
	assert_int_equal(name_check_device(word, &err), -1);
	word[15] = '\0';
	assert_int_equal(name_check_device(word, &err), 0);
}

static void hosts(void **state)
{
	static const struct row rows[] = {
		{"rhel02", NULL},
		{"root@192.0.2.2", NULL},
		{"root@[2001:db8::1%eth0]", NULL},
		{"-oProxyCommand=x", "begins with '-'"},
		{"", "host is empty"},
		{"a b", "not allowed in it"},
		{"a;b", "not allowed in it"},
		{"a/b", "not allowed in it"},
	};

	(void)state;
	check_rows(name_check_host, rows, COUNT(rows));
}

static void devices(void **state)
{
	static const struct row rows[] = {
		{"eth0", NULL},
		{"eth0.100:1", NULL},
		{"veth@if3", NULL},
		{"", "device is empty"},
		{"-a", "begins with '-'"},
		{"e/0", "not allowed in it"},
		{"e 0", "not allowed in it"},
	};

	(void)state;
	check_rows(name_check_device, rows, COUNT(rows));
}

static void paths(void **state)
{
	static const struct row rows[] = {
		{"/", NULL},
		{"/a b/\xc3\xbc$(x)'", NULL},
		{"/a/.../..b/c..", NULL},
		{"", "is not absolute"},
		{"a", "is not absolute"},
		{"/..", "has a '..'"},
		{"/a/../b", "has a '..'"},
		{"/a/..", "has a '..'"},
		{"/../..x/..", "has a '..'"},
		{"/a\nb", "control byte"},
		{"/a\x7f", "control byte"},
	};
	struct err err = ERR_INIT;
	CLEANUP_BUF struct buf path = {0};

	(void)state;
	check_rows(name_check_path, rows, COUNT(rows));
	for (int i = 0; i < 2048; i++)
		buf_puts(&path, "/a");
	assert_int_equal(name_check_path(path.s, &err), -1);
	assert_non_null(strstr(err.msg, "too long"));
	path.s[4095] = '\0';
	assert_int_equal(name_check_path(path.s, &err), 0);
}

static void endpoints(void **state)
{
	static const struct row rows[] = {
		{"http://rhel0x", NULL},
		{"https://[2001:db8::1]:8443/a?b=c&d=%20#e", NULL},
		{"tcp://rhel0x:6379", NULL},
		{"tcp://[::1]:65535", NULL},
		{"http://rhel0x/?status=x#status=200-399&contains=It%20works", NULL},
		{"http://rhel0x/#status=204", NULL},
		{"tcp://rhel0x:6379?send=PING%0D%0A&expect=%2BPONG", NULL},
		{"tcp://rhel0x:6379#expect=%00", NULL},
		{"redis://rhel0x", NULL},
		{"redis://[2001:db8::1]", NULL},
		{"redis://rhel0x:6380", NULL},
		{"", "endpoint is empty"},
		{"http://a/#status", "'status' has no '='"},
		{"http://a/#status=", "'status=' is not a status of HTTP"},
		{"http://a/#status=200,300", "'status=200,300' is not"},
		{"http://a/#status=399-200", "'status=399-200' is not"},
		{"http://a/#status=20-30", "'status=20-30' is not"},
		{"http://a/#status=+20", "'status=+20' is not"},
		{"http://a/#state=200", "'state' is not one of status, contains"},
		{"http://a/#expect=a", "'expect' is not one of status, contains"},
		{"http://a/#contains=", "'contains' is empty"},
		{"http://a/#contains=100%", "'%' in 'contains' is no byte"},
		{"http://a/#contains=a&contains=b", "'contains' is given twice"},
		{"tcp://a:80#", "nothing is after the '#'"},
		{"tcp://a:80?send", "'send' has no '='"},
		{"tcp://a:80?send=%0g", "'%0g' in 'send' is no byte"},
		{"tcp://a:80?status=200", "'status' is not one of send, expect"},
		{"tcp://a/b:80", "is not http://"},
		{"redis://", "is not http://"},
		{"redis://a/0", "is not http://"},
		{"redis://a#expect=x", "redis:// has its own proof"},
		{"rhel0x", "is not http://"},
		{"http://", "is not http://"},
		{"https://", "is not http://"},
		{"ftp://a/", "is not http://"},
		{"file:///etc/passwd", "is not http://"},
		{"tcp://a", "is not http://"},
		{"tcp://:80", "is not http://"},
		{"tcp://a:0", "is not http://"},
		{"tcp://a:65536", "is not http://"},
		{"tcp://a:80/", "is not http://"},
		{"tcp://a:-80", "is not http://"},
		{"http://a b/", "not allowed in it"},
		{"http://a/\n", "not allowed in it"},
		{"http://a/\"", "not allowed in it"},
		{"-http://a", "begins with '-'"},
	};

	(void)state;
	check_rows(name_check_endpoint, rows, COUNT(rows));
}

static void good_addresses(void **state)
{
	static const struct {
		const char *text, *ip, *device;
		int prefix;
		bool v6;
	} rows[] = {
		{"192.0.2.7", "192.0.2.7", "", 32, false},
		{"192.0.2.7/24", "192.0.2.7", "", 24, false},
		{"192.0.2.7/0@eth1", "192.0.2.7", "eth1", 0, false},
		{"192.0.2.7@br0.5", "192.0.2.7", "br0.5", 32, false},
		{"2001:DB8:0:0::7", "2001:db8::7", "", 128, true},
		{"2001:db8::7/64@eth0", "2001:db8::7", "eth0", 64, true},
		{"::ffff:192.0.2.7", "::ffff:192.0.2.7", "", 128, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		struct address a;
		assert_int_equal(address_parse(rows[i].text, &a, &err), 0);
		assert_string_equal(a.ip, rows[i].ip);
		assert_string_equal(a.device, rows[i].device);
		assert_int_equal(a.prefix, rows[i].prefix);
		assert_int_equal(a.v6, rows[i].v6);
	}
}

/* Addresses of a machine, a link or a group can't move with a container. */
static void service_addresses(void **state)
{
	static const char *const good[] = {"10.0.0.1/8@eth0", "192.0.2.7", "223.255.255.254",
					   "2001:db8::7", "fd00::1"};
	static const char *const bad[] = {
		"127.0.0.1",	   "127.9.9.9/8", "0.0.0.0", "0.1.2.3", "224.0.0.1",
		"255.255.255.255", "::1",	  "::",	     "ff02::1", "fe80::1/64@eth0"};
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(address_parse_service(good[i], &a, &err), 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(address_parse_service(bad[i], &a, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		assert_non_null(strstr(err.msg, "can't be a service address"));
	}
}

static int parse_untouched(const char *text, struct err *err)
{
	struct address a, before;

	memset(&before, 0x5a, sizeof(before));
	memcpy(&a, &before, sizeof(a));
	int status = address_parse(text, &a, err);
	if (status < 0)
		assert_memory_equal(&a, &before, sizeof(a));
	return status;
}

static void bad_addresses(void **state)
{
	static const struct row rows[] = {
		{"", "is not an IP address"},
		{"rhel0x", "is not an IP address"},
		{"192.0.2", "is not an IP address"},
		{"192.0.2.256", "is not an IP address"},
		{"192.0.2.07", "is not an IP address"},
		{" 192.0.2.7", "is not an IP address"},
		{"192.0.2.7\n", "is not an IP address"},
		{"fe80::1%eth0", "is not an IP address"},
		{"[::1]", "is not an IP address"},
		{"192.0.2.7/33", "bad prefix length"},
		{"192.0.2.7/", "bad prefix length"},
		{"192.0.2.7/-1", "bad prefix length"},
		{"192.0.2.7/+1", "bad prefix length"},
		{"192.0.2.7/24x", "bad prefix length"},
		{"2001:db8::7/129", "bad prefix length"},
		{"192.0.2.7/99999999999999999999", "bad prefix length"},
		{"192.0.2.7@", "device is empty"},
		{"192.0.2.7@-x", "begins with '-'"},
		{"192.0.2.7@eth0;id", "not allowed in it"},
		{"192.0.2.7@a123456789012345", "longer than 15"},
	};

	(void)state;
	check_rows(parse_untouched, rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers),
		cmocka_unit_test(lengths),
		cmocka_unit_test(hosts),
		cmocka_unit_test(devices),
		cmocka_unit_test(paths),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(good_addresses),
		cmocka_unit_test(bad_addresses),
		cmocka_unit_test(service_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
