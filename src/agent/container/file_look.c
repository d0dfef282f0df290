/* SPDX-License-Identifier: MIT */
#include "file_look.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* CRIU looks for the note in so much of a file. */
#define ID_WITHIN (1u << 20)
#define HEADERS_MAX 64
#define NOTES_MAX 4096
#define ID_MAX ((BUILD_ID_SIZE - 1) / 2)

/* File systems that other hosts may have too, with the same inodes. */
static bool is_shared(const char *path)
{
	static const uint32_t types[] = {
		NFS_SUPER_MAGIC,       0xfe534d42 /* SMB2 */, 0xff534d42 /* CIFS */,
		CEPH_SUPER_MAGIC,      FUSE_SUPER_MAGIC,      V9FS_MAGIC,
		OCFS2_SUPER_MAGIC,     0x01161970 /* GFS2 */, 0x0bd00bd0 /* Lustre */,
		0x47504653 /* GPFS */, AFS_SUPER_MAGIC};
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
	return false;
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* The note of the build id among the notes of a segment. */
static bool find_id(const unsigned char *notes, size_t len, char ret[BUILD_ID_SIZE])
{
	Elf64_Nhdr note; /* the same in files of 32 bits */

	for (size_t at = 0; at + sizeof(note) <= len;) {
		memcpy(&note, notes + at, sizeof(note));
		size_t name = at + sizeof(note), id;
		if (note.n_namesz > len || note.n_descsz > len)
			return false;
		id = name + padded(note.n_namesz);
		if (id + note.n_descsz > len)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0) {
			size_t n = note.n_descsz < ID_MAX ? note.n_descsz : ID_MAX;
			for (size_t i = 0; i < n; i++) {
				static const char digits[] = "0123456789abcdef";
				ret[2 * i] = digits[notes[id + i] >> 4];
				ret[2 * i + 1] = digits[notes[id + i] & 15];
			}
			ret[2 * n] = '\0';
			return n > 0;
		}
		at = id + padded(note.n_descsz);
	}
	return false;
}

struct segment {
	uint64_t type, offset, size;
};

static struct segment segment_of(const unsigned char *header, bool wide)
{
	Elf64_Phdr h64;
	Elf32_Phdr h32;

	if (wide) {
		memcpy(&h64, header, sizeof(h64));
		return (struct segment){h64.p_type, h64.p_offset, h64.p_filesz};
	}
	memcpy(&h32, header, sizeof(h32));
	return (struct segment){h32.p_type, h32.p_offset, h32.p_filesz};
}

/* Where the program headers are, and how many. False: it is no ELF file of this byte order. */
static bool read_header(int fd, bool *ret_wide, uint64_t *ret_offset, size_t *ret_n)
{
	static const uint16_t one = 1;
	Elf64_Ehdr h64 = {0};
	Elf32_Ehdr h32;
	unsigned char order = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;

	if (pread(fd, &h64, sizeof(h64), 0) != sizeof(h64) ||
	    memcmp(h64.e_ident, ELFMAG, SELFMAG) != 0 || h64.e_ident[EI_DATA] != order)
		return false;
	*ret_wide = h64.e_ident[EI_CLASS] == ELFCLASS64;
	memcpy(&h32, &h64, sizeof(h32));
	*ret_offset = *ret_wide ? h64.e_phoff : h32.e_phoff;
	*ret_n = *ret_wide ? h64.e_phnum : h32.e_phnum;
	return *ret_offset < ID_WITHIN && *ret_n <= HEADERS_MAX;
}

static bool read_id(int fd, char ret[BUILD_ID_SIZE])
{
	unsigned char headers[HEADERS_MAX * sizeof(Elf64_Phdr)], notes[NOTES_MAX];
	uint64_t offset;
	bool wide;
	size_t n;

	if (!read_header(fd, &wide, &offset, &n))
		return false;
	size_t size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (pread(fd, headers, n * size, (off_t)offset) != (ssize_t)(n * size))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct segment s = segment_of(headers + i * size, wide);
		if (s.type != PT_NOTE || s.offset >= ID_WITHIN)
			continue;
		ssize_t len =
			pread(fd, notes, s.size < NOTES_MAX ? s.size : NOTES_MAX, (off_t)s.offset);
		if (len > 0 && find_id(notes, (size_t)len, ret))
			return true;
	}
	return false;
}

bool file_look(const char *path, bool with_id, struct buf *ret)
{
	char id[BUILD_ID_SIZE] = "-";
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	const bool shared = is_shared(path);
	/* There the inode tells, and reading takes longer. */
	if (with_id && !shared && S_ISREG(st.st_mode)) {
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd < 0 || !read_id(fd, id))
			strcpy(id, "-");
		if (fd >= 0)
			(void)close(fd);
	}
	buf_printf(ret, "%o %lld %lld %llu %s", st.st_mode, (long long)st.st_size,
		   (long long)st.st_mtime, is_shared(path) ? (unsigned long long)st.st_ino : 0ull,
		   id);
	return true;
}
