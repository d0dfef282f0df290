/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "agent/memory/criu_image.h"
#include "agent/memory/page_entries.h"
#include "agent/memory/page_source.h"
#include "agent/request/text_file.h"
#include "own_session.h"

#define ID "20251121T233320-0badcafe"
#define ROOT "/run/bundles"
#define IMAGES ROOT "/web/.cmigrate/images-" ID
#define FLAT WEB_RUN "/flat"
#define PAGE 4096
#define BOTH (PAGE_LAZY | PAGE_PRESENT)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define GUARD (1u << 16)

static struct request asked_with(const char *transport, const char *parent)
{
	struct request req = {.root = ROOT, .wake = -1};

	argv_addl(&req.words, "fetch", "op=start", "container=web", "id=" ID, parent, transport,
		  NULL);
	return req;
}

static void forget(struct request *req)
{
	argv_clear(&req->words);
	buf_clear(&req->err);
}

static void write_image(const char *dir, const char *name, const struct buf *image)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, name);
	assert_int_equal(text_file_write(path, image), 0);
}

static void begin_image(struct buf *image)
{
	const uint32_t magics[] = {0x54564319, 0x56084025};

	buf_add(image, magics, sizeof(magics));
}

struct entry {
	uint64_t start;
	unsigned pages, flags;
};

/* criu 4.2 writes the number of pages in another field than its older versions. */
static void put_entry(struct buf *image, const struct entry *e)
{
	CLEANUP_BUF struct buf message = {0};
	bool new = (e->start >> 12) % 2 == 0;

	criu_message_put(&message, 1, e->start);
	criu_message_put(&message, 2, new ? 0 : e->pages);
	criu_message_put(&message, 4, e->flags);
	if (new)
		criu_message_put(&message, 5, e->pages);
	criu_image_add(image, &message);
}

/* Its pages contain a letter each, from one on, in the order of the file. */
static void write_pagemap(const char *dir, const char *name, uint32_t id, char letter,
			  const struct entry *entries)
{
	CLEANUP_BUF struct buf image = {0}, head = {0}, pages = {0};
	CLEANUP_FREE char *file = str_fmt("pages-%u.img", id);
	char page[PAGE];

	begin_image(&image);
	criu_message_put(&head, 1, id);
	criu_image_add(&image, &head);
	for (; entries->pages; entries++) {
		put_entry(&image, entries);
		for (unsigned i = 0; (entries->flags & PAGE_PRESENT) && i < entries->pages; i++) {
			memset(page, letter++, sizeof(page));
			buf_add(&pages, page, sizeof(page));
		}
	}
	write_image(dir, name, &image);
	write_image(dir, file, &pages);
}

static void put_area(struct buf *mm, uint64_t start, uint64_t end, unsigned flags, unsigned status)
{
	CLEANUP_BUF struct buf area = {0};

	criu_message_put(&area, 1, start);
	criu_message_put(&area, 2, end);
	criu_message_put(&area, 6, flags);
	criu_message_put(&area, 7, status);
	criu_message_put(&area, 8, UINT64_MAX);
	unsigned char key[] = {14 << 3 | 2, (unsigned char)area.len};
	assert_true(area.len < 128);
	buf_add(mm, key, sizeof(key));
	buf_add(mm, area.s, area.len);
}

static void write_areas(const char *dir, unsigned pid)
{
	CLEANUP_FREE char *name = str_fmt("mm-%u.img", pid);
	CLEANUP_BUF struct buf image = {0}, mm = {0};

	begin_image(&image);
	put_area(&mm, 0x10000, 0x16000, ANONYMOUS, 1);
	put_area(&mm, 0x16000, 0x20000, ANONYMOUS, 1);
	put_area(&mm, 0x20000, 0x22000, MAP_PRIVATE, 1);
	put_area(&mm, 0x30000, 0x34000, ANONYMOUS | MAP_LOCKED, 1);
	/* Guards come last, in no order. */
	put_area(&mm, 0x18000, 0x19000, 0, GUARD);
	criu_image_add(&image, &mm);
	write_image(dir, name, &image);
}

static const struct entry first[] = {
	{0x10000, 8, BOTH}, {0x20000, 2, PAGE_PRESENT}, {0x30000, 4, BOTH}, {0}};
static const struct entry second[] = {{0x10000, 2, PAGE_IN_PARENT}, {0x12000, 2, BOTH},
				      {0x14000, 4, PAGE_IN_PARENT}, {0x20000, 2, PAGE_IN_PARENT},
				      {0x30000, 4, PAGE_IN_PARENT}, {0}};
/* 0x15000 and 0x16000 have been freed. */
static const struct entry last[] = {{0x10000, 1, PAGE_IN_PARENT},
				    {0x11000, 1, BOTH},
				    {0x12000, 3, PAGE_IN_PARENT},
				    {0x17000, 1, PAGE_PRESENT},
				    {0x20000, 2, PAGE_IN_PARENT},
				    {0x30000, 4, PAGE_IN_PARENT},
				    {0}};
static const struct entry young[] = {{0x10000, 2, BOTH}, {0}};
static const struct entry younger[] = {{0x10000, 1, PAGE_IN_PARENT}, {0x11000, 1, BOTH}, {0}};
static const struct entry shared[] = {{0, 2, PAGE_PRESENT}, {0}};

/* Passes and dump below a directory; what isn't memory is on the shared directory. */
static void write_all(const char *dir)
{
	CLEANUP_FREE char *pass_1 = str_fmt("%s/pass-1", dir);
	CLEANUP_FREE char *pass_2 = str_fmt("%s/pass-2", dir);

	(void)mkdir(dir, 0700);
	assert_int_equal(mkdir(pass_1, 0700), 0);
	assert_int_equal(mkdir(pass_2, 0700), 0);
	write_pagemap(pass_1, "pagemap-7.img", 1, 'a', first);
	write_pagemap(pass_2, "pagemap-7.img", 3, 'A', second);
	write_pagemap(pass_2, "pagemap-8.img", 4, 'M', young);
	write_pagemap(dir, "pagemap-7.img", 2, '0', last);
	write_pagemap(dir, "pagemap-8.img", 5, '5', younger);
	write_pagemap(dir, "pagemap-shmem-3.img", 9, '8', shared);
	write_areas(IMAGES, 7);
	write_areas(IMAGES, 8);
	own_run_write(IMAGES "/core-7.img", "core");
	own_run_write(IMAGES "/descriptors.json", "[]");
}

static int fresh(void **state)
{
	(void)state;
	own_web_run();
	return system("mkdir -p " IMAGES);
}

static int remove_all(void **state)
{
	(void)state;
	return system("rm -rf " ROOT " " WEB_RUN);
}

/* The first byte of each page, and the length. */
static void expect_pages(const char *path, const char *letters)
{
	size_t len = 0;
	CLEANUP_FREE char *text = text_file_read(path, 1 << 20, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(letters) * PAGE);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(text[i], letters[i / PAGE]);
}

static void expect_entries(const char *name, uint32_t id, const struct entry *expected)
{
	struct request req = {0};
	struct page_entries got;
	int dir = open(FLAT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(page_entries_read(&req, dir, name, &got), 0);
	assert_int_equal(got.pages_id, id);
	for (size_t i = 0; i < got.n; i++, expected++) {
		assert_int_equal(got.v[i].start, expected->start);
		assert_int_equal(got.v[i].end, expected->start + expected->pages * PAGE);
		assert_int_equal(got.v[i].flags, expected->flags);
	}
	assert_int_equal(expected->pages, 0);
	page_entries_clear(&got);
	(void)close(dir);
}

/* Any lazy page is to come; a page that can't be lazy is there, from whatever pass. */
static void expect_flat(void)
{
	static const struct entry seven[] = {{0x10000, 5, PAGE_LAZY},
					     {0x17000, 1, PAGE_PRESENT},
					     {0x20000, 2, PAGE_PRESENT},
					     {0x30000, 4, PAGE_PRESENT},
					     {0}};
	static const struct entry eight[] = {{0x10000, 2, PAGE_LAZY}, {0}};

	expect_entries("pagemap-7.img", 2, seven);
	expect_pages(FLAT "/pages-2.img", "1ijklmn");
	expect_entries("pagemap-8.img", 5, eight);
	expect_pages(FLAT "/pages-5.img", "");
	expect_entries("pagemap-shmem-3.img", 9, shared);
	expect_pages(FLAT "/pages-9.img", "89");
	assert_int_equal(system("test \"$(cd " FLAT " && ls | tr '\\n' ' ')\" = "
				"'core-7.img descriptors.json mm-7.img mm-8.img pagemap-7.img "
				"pagemap-8.img pagemap-shmem-3.img pages-2.img pages-5.img "
				"pages-9.img '"),
			 0);
}

static void from_the_shared_directory(void **state)
{
	struct request req = asked_with("transport=shared", "parent=2");
	struct flat_images flat;

	(void)state;
	write_all(IMAGES);
	assert_int_equal(flat_images_make(&req, 9, &flat), 0);
	expect_flat();
	flat_images_clear(&flat);
	/* The number is not known, and a list is there from before the dump. */
	assert_int_equal(flat_images_make(&req, 0, &flat), 0);
	expect_flat();
	flat_images_clear(&flat);
	/* The images are what a restore at once needs. */
	expect_pages(IMAGES "/pages-2.img", "01");
	assert_int_equal(flat_images_make(&req, 8, &flat), 1);
	assert_string_equal(buf_str(&req.err), "not all images of the dump are in '" IMAGES "'\n");
	flat_images_clear(&flat);
	forget(&req);
}

static void from_memory_that_came_straight_here(void **state)
{
	struct request req = asked_with("transport=direct", "parent=2");
	struct flat_images flat;

	(void)state;
	write_all(WEB_RUN "/pages");
	assert_int_equal(flat_images_make(&req, 3, &flat), 0);
	expect_flat();
	flat_images_clear(&flat);
	forget(&req);
}

static void expect_failure(const char *said)
{
	struct request req = asked_with("transport=shared", "parent=2");
	struct flat_images flat;

	assert_int_equal(flat_images_make(&req, 0, &flat), 1);
	assert_string_equal(buf_str(&req.err), said);
	flat_images_clear(&flat);
	forget(&req);
}

static void images_that_are_broken(void **state)
{
	static const struct entry lost[] = {{0x40000, 1, PAGE_IN_PARENT}, {0}};
	static const struct entry absent[] = {{0x10000, 1, PAGE_LAZY}, {0}};
	static const struct entry backwards[] = {{0x11000, 1, BOTH}, {0x10000, 1, BOTH}, {0}};

	(void)state;
	write_all(IMAGES);
	write_pagemap(IMAGES, "pagemap-7.img", 2, '0', lost);
	expect_failure("a page of process 7 is in no pass\n");
	write_pagemap(IMAGES, "pagemap-7.img", 2, '0', absent);
	expect_failure("a page of process 7 is in no image\n");
	write_pagemap(IMAGES, "pagemap-7.img", 2, '0', backwards);
	expect_failure("'pagemap-7.img' can't be read\n");
	write_pagemap(IMAGES, "pagemap-7.img", 2, '0', last);
	assert_int_equal(truncate(IMAGES "/pass-1/pagemap-7.img", 30), 0);
	expect_failure("'pagemap-7.img' can't be read\n");
	write_pagemap(IMAGES "/pass-1", "pagemap-7.img", 1, 'a', first);
	assert_int_equal(truncate(IMAGES "/pass-1/pages-1.img", (off_t)9 * PAGE), 0);
	expect_failure("'pages-2.img': No data available\n");
	own_run_write(IMAGES "/mm-7.img", "none");
	expect_failure("'mm-7.img' is no image of criu\n");
	assert_int_equal(system("rm -r " IMAGES "/pass-1"), 0);
	expect_failure("'" IMAGES "/pass-1': No such file or directory\n");
}

/* As criu does: a request, a head, pages. */
struct narrow {
	uint32_t command, pages;
	uint64_t address, pid;
};

struct wide {
	uint32_t command, unused;
	uint64_t pages, address, pid;
};

/* Serves in a process of its own, as the keeper does; its socket is the other end. */
static pid_t serve(struct page_source *source)
{
	pid_t pid = own_fork();

	if (pid == 0) {
		page_source_leave_client(source);
		while (page_source_serve(source, 1000))
			;
		_exit(0);
	}
	(void)close(source->fd);
	source->fd = -1;
	return pid;
}

static pid_t begin_serving(struct page_source *source, struct request *req)
{
	*req = asked_with("transport=shared", "parent=2");
	write_all(IMAGES);
	assert_int_equal(page_source_open(source), 0);
	assert_int_equal(flat_images_make(req, 0, &source->images), 0);
	return serve(source);
}

static void expect_served(int fd, const char *letters)
{
	char page[PAGE];

	for (; *letters; letters++) {
		assert_int_equal(recv(fd, page, sizeof(page), MSG_WAITALL), PAGE);
		for (size_t i = 0; i < PAGE; i++)
			assert_int_equal(page[i], *letters);
	}
}

static void end_serving(struct page_source *source, struct request *req, pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	page_source_close(source);
	forget(req);
}

static void ask_narrow(int fd, struct narrow n, const char *letters)
{
	assert_int_equal(send(fd, &n, sizeof(n), 0), sizeof(n));
	struct narrow head;
	assert_int_equal(recv(fd, &head, sizeof(head), MSG_WAITALL), sizeof(head));
	assert_int_equal(head.command, PAGE_PRESENT << 16 | 6);
	assert_int_equal(head.pages, strlen(letters));
	assert_true(head.address == n.address && head.pid == n.pid);
	expect_served(fd, letters);
}

/* Each page is the one that was written last, whatever pass that was. */
static void pages_for_criu_before_4_2(void **state)
{
	struct page_source source;
	struct request req;
	pid_t pid = begin_serving(&source, &req);
	int32_t answer = -1;

	(void)state;
	ask_narrow(source.client, (struct narrow){7, 5, 0x10000, 7}, "a0ABe");
	ask_narrow(source.client, (struct narrow){7, 1, 0x13000, 7}, "B");
	ask_narrow(source.client, (struct narrow){7, 2, 0x10000, 8}, "M5");
	assert_int_equal(
		send(source.client, &(struct narrow){0x1024, 0, 0, 0}, sizeof(struct narrow), 0),
		sizeof(struct narrow));
	assert_int_equal(recv(source.client, &answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
	assert_int_equal(answer, 0);
	end_serving(&source, &req, pid);
}

static void pages_for_criu_from_4_2_on(void **state)
{
	struct page_source source;
	struct request req;
	pid_t pid = begin_serving(&source, &req);
	struct wide head;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			send(source.client, &(struct wide){7, 0, 5, 0x10000, 7}, sizeof(head), 0),
			sizeof(head));
		assert_int_equal(recv(source.client, &head, sizeof(head), MSG_WAITALL),
				 sizeof(head));
		assert_true(head.command == (PAGE_PRESENT << 16 | 6) && head.pages == 5 &&
			    head.address == 0x10000 && head.pid == 7);
		expect_served(source.client, "a0ABe");
	}
	/* A page that isn't there ends it. */
	assert_int_equal(send(source.client, &(struct wide){7, 0, 1, 0x15000, 7}, sizeof(head), 0),
			 sizeof(head));
	assert_int_equal(recv(source.client, &head, sizeof(head), MSG_WAITALL), sizeof(head));
	assert_int_equal(recv(source.client, &head, 1, 0), 0);
	end_serving(&source, &req, pid);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, remove_all)
	const struct CMUnitTest tests[] = {
		TEST(from_the_shared_directory),  TEST(from_memory_that_came_straight_here),
		TEST(images_that_are_broken),	  TEST(pages_for_criu_before_4_2),
		TEST(pages_for_criu_from_4_2_on),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
