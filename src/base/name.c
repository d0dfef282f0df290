/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/name.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/endpoint.h"
#include "cmigrate/base/str.h"

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define NAME_MAX_LEN 128
#define HOST_MAX_LEN 255
#define DEVICE_MAX_LEN 15
#define URL_MAX_LEN 2048
/* A message repeats at most this many bytes of a bad word. */
#define SHOWN 64

static int check_word(const char *what, const char *word, const char *allowed, size_t max,
		      struct err *err)
{
	size_t len = strlen(word);

	if (!len)
		return err_set(err, EXIT_USAGE, "%s is empty", what);
	if (len > max)
		return err_set(err, EXIT_USAGE, "%s '%.*s...' is longer than %zu bytes", what,
			       SHOWN, word, max);
	if (*word == '-')
		return err_set(err, EXIT_USAGE, "%s '%.*s' begins with '-'", what, SHOWN, word);
	if (strspn(word, allowed) != len)
		return err_set(err, EXIT_USAGE,
			       "%s '%.*s' has a character that is not allowed in it", what, SHOWN,
			       word);
	return 0;
}

int name_check(const char *name, struct err *err)
{
	if (check_word("container name", name, ALNUM "_+.-", NAME_MAX_LEN, err) < 0)
		return -1;
	if (strcmp(name, ".") == 0 || strstr(name, ".."))
		return err_set(err, EXIT_USAGE, "container name '%s' is not allowed", name);
	return 0;
}

int name_check_host(const char *host, struct err *err)
{
	return check_word("host", host, ALNUM "_.:%@[]-", HOST_MAX_LEN, err);
}

int name_check_device(const char *device, struct err *err)
{
	return check_word("device", device, ALNUM "_.:@-", DEVICE_MAX_LEN, err);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

int name_check_id(const char *id, struct err *err)
{
	static const char digits[] = "0123456789", hex[] = "0123456789abcdef";

	if (strlen(id) == 24 && strspn(id, digits) == 8 && id[8] == 'T' &&
	    strspn(id + 9, digits) == 6 && id[15] == '-' && strspn(id + 16, hex) == 8)
		return 0;
	return err_set(err, EXIT_USAGE, "'%.*s' is not the id of a move", SHOWN, id);
}

int name_check_path(const char *path, struct err *err)
{
	if (*path != '/')
		return err_set(err, EXIT_USAGE, "path '%.*s' is not absolute", SHOWN, path);
	if (strlen(path) >= PATH_MAX)
		return err_set(err, EXIT_USAGE, "path '%.*s...' is too long", SHOWN, path);
	if (has_control(path))
		return err_set(err, EXIT_USAGE, "path '%.*s' has a control byte", SHOWN, path);
	for (const char *p = path; (p = strstr(p, "/..")) != NULL; p += 3)
		if (p[3] == '/' || p[3] == '\0')
			return err_set(err, EXIT_USAGE, "path '%.*s' has a '..' in it", SHOWN,
				       path);
	return 0;
}

int name_check_endpoint(const char *url, struct err *err)
{
	static const char allowed[] = ALNUM "_.:%@[]-/~?&=+,;!*()$'#";
	CLEANUP_ENDPOINT_URL struct endpoint_url parts = {0};

	if (check_word("endpoint", url, allowed, URL_MAX_LEN, err) < 0)
		return -1;
	return endpoint_url_parse(url, &parts, err);
}

static int parse_prefix(const char *text, const char *digits, int max, int *ret, struct err *err)
{
	char *end;
	long n = strtol(digits, &end, 10);

	if (*digits < '0' || *digits > '9' || *end || n > max)
		return err_set(err, EXIT_USAGE, "address '%.*s' has a bad prefix length", SHOWN,
			       text);
	*ret = (int)n;
	return 0;
}

/* Loopback, link-local and multicast addresses belong to a machine, a link or a group. */
static bool is_service_address(const struct address *a)
{
	struct in6_addr six;
	struct in_addr four;

	if (a->v6)
		return inet_pton(AF_INET6, a->ip, &six) == 1 && !IN6_IS_ADDR_LOOPBACK(&six) &&
		       !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_MULTICAST(&six) &&
		       !IN6_IS_ADDR_LINKLOCAL(&six);
	if (inet_pton(AF_INET, a->ip, &four) != 1)
		return false;
	in_addr_t host = ntohl(four.s_addr);
	return host >> 24 != 0 && host >> 24 != IN_LOOPBACKNET && host < INADDR_UNSPEC_GROUP;
}

int address_parse_service(const char *text, struct address *ret, struct err *err)
{
	if (address_parse(text, ret, err) < 0)
		return -1;
	if (is_service_address(ret))
		return 0;
	return err_set(err, EXIT_USAGE, "address '%.*s' can't be a service address", SHOWN, text);
}

int address_parse(const char *text, struct address *ret, struct err *err)
{
	struct address a = {.device = ""};
	unsigned char raw[16];

	if (strlen(text) > 100 || has_control(text))
		return err_set(err, EXIT_USAGE, "address '%.*s' is not an IP address", SHOWN, text);
	CLEANUP_FREE char *ip = str_dup(text);
	char *device = strchr(ip, '@');
	if (device) {
		*device++ = '\0';
		if (name_check_device(device, err) < 0)
			return err_wrap(err, "address '%.*s'", SHOWN, text);
		(void)snprintf(a.device, sizeof(a.device), "%s", device);
	}
	char *prefix = strchr(ip, '/');
	if (prefix)
		*prefix++ = '\0';
	if (inet_pton(AF_INET6, ip, raw) == 1)
		a.v6 = true;
	else if (inet_pton(AF_INET, ip, raw) != 1)
		return err_set(err, EXIT_USAGE, "address '%.*s' is not an IP address", SHOWN, text);
	a.prefix = a.v6 ? 128 : 32;
	if (prefix && parse_prefix(text, prefix, a.prefix, &a.prefix, err) < 0)
		return -1;
	if (!inet_ntop(a.v6 ? AF_INET6 : AF_INET, raw, a.ip, sizeof(a.ip)))
		return err_errno(err, EXIT_USAGE, "address '%.*s'", SHOWN, text);
	*ret = a;
	return 0;
}
