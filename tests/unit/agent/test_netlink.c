/* SPDX-License-Identifier: MIT */
/* Messages to the kernel and from it: bounds, and what is no message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/network/netlink.h"

#define FIXED sizeof(struct ifinfomsg)

/* A request in place of a reply: both have one form. */
static void add(struct buf *to, struct netlink_message *m)
{
	buf_add(to, m, m->header.nlmsg_len);
}

static void begin(struct netlink_message *m)
{
	const struct ifinfomsg info = {.ifi_index = 7};

	netlink_begin(m, RTM_NEWLINK, 0, &info, sizeof(info));
}

static void attributes(void **state)
{
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	size_t place = 0, len = 0;

	(void)state;
	begin(&m);
	netlink_put_text(&m, IFLA_IFNAME, "eth0");
	size_t nest = netlink_nest(&m, IFLA_LINKINFO);
	netlink_put_text(&m, IFLA_INFO_KIND, "veth");
	netlink_nest_end(&m, nest);
	netlink_put_u32(&m, IFLA_MTU, 1500);
	add(&replies, &m);
	const struct nlmsghdr *h = netlink_next(&replies, &place, FIXED);
	assert_non_null(h);
	assert_string_equal(netlink_get(h, FIXED, IFLA_IFNAME, 1, &len), "eth0");
	assert_int_equal(len, 5);
	assert_int_equal(*(const uint32_t *)netlink_get(h, FIXED, IFLA_MTU, 4, NULL), 1500);
	/* Too short for who asks. */
	assert_null(netlink_get(h, FIXED, IFLA_MTU, 8, NULL));
	assert_null(netlink_get(h, FIXED, IFLA_ADDRESS, 1, NULL));
	const void *info = netlink_get(h, FIXED, IFLA_LINKINFO, 0, &len);
	assert_string_equal(netlink_get_in(info, len, IFLA_INFO_KIND, 1, NULL), "veth");
	assert_null(netlink_next(&replies, &place, FIXED));
}

/* Nothing outside of a text is read, whatever is in it. */
static void broken_replies(void **state)
{
	static const uint32_t lengths[] = {0, 15, 1000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		CLEANUP_BUF struct buf replies = {0};
		struct netlink_message m;
		size_t place = 0;
		begin(&m);
		add(&replies, &m);
		memcpy(replies.s, &lengths[i], sizeof(lengths[i]));
		assert_null(netlink_next(&replies, &place, 0));
	}
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	size_t place = 0;
	netlink_begin(&m, RTM_NEWLINK, 0, "", 0);
	add(&replies, &m);
	begin(&m);
	add(&replies, &m);
	/* The first one is too short for its fixed part. */
	const struct nlmsghdr *h = netlink_next(&replies, &place, FIXED);
	assert_int_equal(((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index, 7);
	assert_null(netlink_get(h, FIXED, IFLA_IFNAME, 0, NULL));
	assert_null(netlink_get(h, 4000, IFLA_IFNAME, 0, NULL));
}

static void broken_attributes(void **state)
{
	static const uint16_t lengths[] = {0, 3, 9, UINT16_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		const struct nlattr head = {.nla_len = lengths[i], .nla_type = IFLA_MTU};
		_Alignas(4) char text[8] = {0};
		memcpy(text, &head, sizeof(head));
		assert_null(netlink_get_in(text, sizeof(text), IFLA_MTU, 0, NULL));
		assert_null(netlink_get_in(text, sizeof(text), IFLA_IFNAME, 0, NULL));
		assert_null(netlink_get_in(text, 3, IFLA_MTU, 0, NULL));
	}
}

/* It is refused as a whole: a request without one of its attributes would mean something else. */
static void too_long(void **state)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	static const char text[NETLINK_BODY_MAX];
	struct netlink_message m;

	(void)state;
	begin(&m);
	netlink_put(&m, IFLA_ADDRESS, text, sizeof(text));
	netlink_put_text(&m, IFLA_IFNAME, "eth0");
	netlink_nest_end(&m, netlink_nest(&m, IFLA_LINKINFO));
	assert_int_equal(netlink_do(fd, &m), -1);
	assert_int_equal(errno, EMSGSIZE);
}

static void the_kernel(void **state)
{
	const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	size_t place = 0;

	(void)state;
	assert_int_equal(netlink_device(fd, "lo"), 1);
	assert_int_equal(netlink_device(fd, "nosuch"), 0);
	assert_int_equal(netlink_device(fd, "a-name-that-is-longer-than-any"), 0);
	assert_int_equal(netlink_device(fd, ""), 0);
	netlink_begin(&m, RTM_GETLINK, 0, &any, sizeof(any));
	assert_int_equal(netlink_dump(fd, &m, &replies), 0);
	assert_non_null(netlink_next(&replies, &place, FIXED));
	/* A failure adds nothing, and the socket is good for the next request. */
	const struct ifinfomsg absent = {.ifi_index = INT32_MAX};
	size_t before = replies.len;
	netlink_begin(&m, RTM_GETLINK, 0, &absent, sizeof(absent));
	assert_int_equal(netlink_ask(fd, &m, &replies), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(replies.len, before);
	assert_int_equal(netlink_device(fd, "lo"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),	     cmocka_unit_test(broken_replies),
		cmocka_unit_test(broken_attributes), cmocka_unit_test(too_long),
		cmocka_unit_test(the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
