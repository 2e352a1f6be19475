/* Reading a program's headers, needed libraries and tell-tale symbols with libelf. */
#include "elffile.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *
base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s == NULL ? path : s + 1;
}

/* The loader's path; 0 if the program has none, so is static. */
static int
interpreter(Elf *elf, int fd, char *buf, size_t room)
{
	size_t i, n;
	GElf_Phdr ph;
	ssize_t got;

	if(elf_getphdrnum(elf, &n) < 0)
		return 0;
	for(i = 0; i < n; i++) {
		if(gelf_getphdr(elf, (int)i, &ph) == NULL || ph.p_type != PT_INTERP)
			continue;
		got = pread(fd, buf, ph.p_filesz < room - 1 ? ph.p_filesz : room - 1, (off_t)ph.p_offset);
		buf[got > 0 ? got : 0] = 0;
		return 1;
	}
	return 0;
}

static void
needed(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, Elffile *e, int *tsan)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Dyn dyn;
	int i;

	for(i = 0; d != NULL && gelf_getdyn(d, i, &dyn) != NULL; i++) {
		const char *s;

		if(dyn.d_tag != DT_NEEDED || (s = elf_strptr(elf, sh->sh_link, dyn.d_un.d_val)) == NULL)
			continue;
		if(strncmp(s, "libasan.so", 10) == 0)
			snprintf(e->asan, sizeof e->asan, "%s", s);
		if(strncmp(s, "libtsan.so", 10) == 0)
			*tsan = 1;
	}
}

/* clang links its ThreadSanitizer into the program. */
static int
hastsan(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Sym sym;
	int i;

	for(i = 0; d != NULL && gelf_getsym(d, i, &sym) != NULL; i++) {
		const char *s = elf_strptr(elf, sh->sh_link, sym.st_name);

		if(s != NULL && strcmp(s, "__tsan_init") == 0)
			return 1;
	}
	return 0;
}

/* The header of this command's own file, as the linker names it: which machine it, and the library, is for. */
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static const char *
look(Elf *elf, int fd, Elffile *e)
{
	char loader[128];
	Elf_Scn *scn = NULL;
	GElf_Ehdr eh;
	GElf_Shdr sh;
	int tsan = 0;

	if(elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &eh) == NULL)
		return "is a damaged program file";
	if(eh.e_machine != __ehdr_start.e_machine || eh.e_ident[EI_CLASS] != ELFCLASS64)
		return eh.e_ident[EI_CLASS] == ELFCLASS32 ? "is a 32-bit program: the library is for 64 bits"
							  : "is a program for another machine";
	if(!interpreter(elf, fd, loader, sizeof loader))
		return "is statically linked: nothing can be preloaded into it";
	if(strncmp(base(loader), "ld-linux", 8) != 0)
		snprintf(e->otherlibc, sizeof e->otherlibc, "%s", base(loader));
	while((scn = elf_nextscn(elf, scn)) != NULL) {
		if(gelf_getshdr(scn, &sh) == NULL)
			continue;
		if(sh.sh_type == SHT_DYNAMIC)
			needed(elf, scn, &sh, e, &tsan);
		if((sh.sh_type == SHT_DYNSYM || sh.sh_type == SHT_SYMTAB) && !tsan)
			tsan = hastsan(elf, scn, &sh);
	}
	return tsan ? "is built with ThreadSanitizer, which takes the locks for itself" : NULL;
}

const char *
elflook(int fd, Elffile *e)
{
	const char *what;
	Elf *elf;

	*e = (Elffile){{0}, {0}};
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if(elf == NULL)
		return "is a damaged program file";
	what = look(elf, fd, e);
	elf_end(elf);
	return what;
}
