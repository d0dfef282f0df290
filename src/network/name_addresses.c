/* SPDX-License-Identifier: MIT */
#include "network/name_addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "cmigrate/base/str.h"

/* "NAME:PORT:ADDRESS,...": addresses of a name for libcurl. Owned by the caller. */
static char *resolution(const char *name, const char *port, const struct addrinfo *all)
{
	struct buf text = {0};
	char ip[INET6_ADDRSTRLEN];

	buf_printf(&text, "%s:%s:", name, port);
	for (const struct addrinfo *a = all; a; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, ip, sizeof(ip), NULL, 0,
				NI_NUMERICHOST) == 0)
			buf_printf(&text, "%s%s", a == all ? "" : ",", ip);
	return buf_steal(&text);
}

static struct curl_slist *look_up(CURLU *url)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	struct curl_slist *found = NULL;
	char *name = NULL, *port = NULL;

	if (curl_url_get(url, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    *name != '[' && getaddrinfo(name, NULL, &hints, &all) == 0) {
		CLEANUP_FREE char *text = resolution(name, port, all);
		found = curl_slist_append(NULL, text);
		freeaddrinfo(all);
	}
	curl_free(name);
	curl_free(port);
	return found;
}

struct curl_slist *name_addresses(const char *text)
{
	CURLU *url = curl_url();
	struct curl_slist *found = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
		found = look_up(url);
	curl_url_cleanup(url);
	return found;
}
