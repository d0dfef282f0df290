/* SPDX-License-Identifier: MIT */
/* name_addresses: looks up the name of a URL before libcurl needs it. */
#ifndef CMIGRATE_NAME_ADDRESSES_H
#define CMIGRATE_NAME_ADDRESSES_H

#include <curl/curl.h>

/* The addresses of the host in a URL of http or https, for CURLOPT_RESOLVE; the caller frees them
 * with curl_slist_free_all(). NULL if it is an address itself, or a name that can't be resolved
 * now: that is left to libcurl, which reports why. */
struct curl_slist *name_addresses(const char *url);

#endif
