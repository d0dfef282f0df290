/* SPDX-License-Identifier: MIT */
#include "criu_image.h"

#include <stdlib.h>
#include <string.h>

#include "agent/request/text_file.h"

#define IMAGE_MAX (1ul << 30)
#define COMMON_MAGIC 0x54564319u
#define MAGICS (2 * sizeof(uint32_t))

enum wire { NUMBER = 0, FIXED_64 = 1, BYTES = 2, FIXED_32 = 5 };

int criu_image_read(struct request *req, int dir, const char *name, struct criu_image *ret)
{
	uint32_t magic = 0;

	*ret = (struct criu_image){.at = MAGICS};
	ret->text = text_file_read_at(dir, name, IMAGE_MAX, &ret->len);
	if (!ret->text)
		return request_errno(req, "'%s'", name);
	if (ret->len >= MAGICS)
		memcpy(&magic, ret->text, sizeof(magic));
	if (magic == COMMON_MAGIC && ret->len < IMAGE_MAX)
		return 0;
	criu_image_clear(ret);
	return request_fail(req, "'%s' is no image of criu", name);
}

void criu_image_clear(struct criu_image *image)
{
	free(image->text);
	*image = (struct criu_image){0};
}

bool criu_image_next(struct criu_image *image, struct criu_message *ret)
{
	const char *at = image->text + image->at;
	size_t left = image->len - image->at;
	uint32_t size;

	if (left < sizeof(size))
		return false;
	memcpy(&size, at, sizeof(size));
	if (size > left - sizeof(size))
		return false;
	ret->at = (const unsigned char *)at + sizeof(size);
	ret->end = ret->at + size;
	image->at += sizeof(size) + size;
	return true;
}

bool criu_image_at_end(const struct criu_image *image)
{
	return image->at == image->len;
}

static bool get_number(struct criu_message *m, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; m->at < m->end && shift < 64; shift += 7) {
		unsigned char c = *m->at++;
		*ret |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

bool criu_message_next(struct criu_message *message, struct criu_field *ret)
{
	uint64_t key, skip = 0;

	*ret = (struct criu_field){0};
	if (!get_number(message, &key))
		return false;
	ret->number = (unsigned)(key >> 3);
	switch ((enum wire)(key & 7)) {
	case NUMBER:
		return get_number(message, &ret->value);
	case FIXED_64:
		skip = 8;
		break;
	case FIXED_32:
		skip = 4;
		break;
	case BYTES:
		if (!get_number(message, &skip))
			return false;
		break;
	default:
		return false;
	}
	if (skip > (uint64_t)(message->end - message->at))
		return false;
	ret->inner = (struct criu_message){message->at, message->at + skip};
	message->at += skip;
	return true;
}

static void put_number(struct buf *message, uint64_t value)
{
	unsigned char c;

	do {
		c = (unsigned char)(value & 0x7f) | (value > 0x7f ? 0x80 : 0);
		buf_add(message, &c, 1);
		value >>= 7;
	} while (value);
}

void criu_message_put(struct buf *message, unsigned number, uint64_t value)
{
	put_number(message, (uint64_t)number << 3 | NUMBER);
	put_number(message, value);
}

void criu_image_add(struct buf *image, const struct buf *message)
{
	uint32_t size = (uint32_t)message->len;

	buf_add(image, &size, sizeof(size));
	buf_add(image, message->s, message->len);
}
