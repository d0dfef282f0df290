/* SPDX-License-Identifier: MIT */
#include "nft.h"

#include <stdlib.h>
#include <string.h>

#include "agent/request/program.h"

char *nft_table(const struct request *req)
{
	return str_fmt("cmigrate_%s", request_get(req, "tag"));
}

int nft_addresses(struct request *req, struct nft_addresses *ret)
{
	struct err err = ERR_INIT;
	const char *word;

	ret->n = 0;
	for (size_t i = 0; (word = request_nth(req, "address", i)) != NULL; i++) {
		if (i == ADDRESSES_MAX)
			return request_fail(req, "more than %d addresses", ADDRESSES_MAX);
		if (address_parse(word, &ret->v[i], &err) < 0)
			return request_fail(req, "%s", err.msg);
		if (!*ret->v[i].device)
			return request_fail(req, "'%s' has no device", word);
		ret->n++;
	}
	return ret->n ? 0 : request_fail(req, "no address");
}

const char *nft_family(const struct address *address)
{
	return address->v6 ? "ip6" : "ip";
}

size_t nft_chain(const struct nft_addresses *addresses, size_t i)
{
	size_t first = 0;

	while (strcmp(addresses->v[first].device, addresses->v[i].device) != 0)
		first++;
	return first;
}

void nft_add_chain(struct buf *rules, const struct nft_addresses *addresses, size_t i,
		   const char *table, int priority)
{
	buf_printf(rules,
		   "add chain netdev %s in_%zu { type filter hook ingress device \"%s\" priority "
		   "%d; }\n",
		   table, nft_chain(addresses, i), addresses->v[i].device, priority);
}

int nft_run(struct request *req, const char *rules, char **ret_why)
{
	char *const argv[] = {"nft", "-f", "-", NULL};
	CLEANUP_BUF struct buf why = {0};

	int status = program_run(req, &(struct program){.argv = argv, .input = rules}, NULL, &why);
	if (status == 0)
		return 0;
	if (ret_why)
		*ret_why = buf_steal(&why);
	else if (why.len)
		return request_fail(req, "%s", str_trim(why.s));
	return 1;
}
