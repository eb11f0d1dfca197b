/* pki_files.h - the files behind pki.h: read with care, written whole. Internal to pki.
 *
 * Thread: main. */
#ifndef LOA_PKI_FILES_H
#define LOA_PKI_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "cert.h"
#include "err.h"

#define PKI_FILE_MAX (2 * CERT_PEM_MAX)

struct pki_file {
    const char *name;
    bool is_private; /* 0600, and refused when others can read it */
    char text[PKI_FILE_MAX]; /* PEM, terminated */
};

/* True when the directory does not exist or has nothing in it. */
bool pki_files_absent(const char *dir);

/* Make the directory with all its files: a crash leaves either all of them or none.
 *
 * ERR_IO  detail says what failed; the directory is as it was */
MUST_USE enum err pki_files_create(const char *dir, const struct pki_file *files, size_t count,
                                   struct err_detail *detail);

bool pki_files_has(const char *dir, const char *name);

/* Read one file into file->text.
 *
 * ERR_AUTH    private, and readable by others
 * ERR_FORMAT  missing, or longer than PKI_FILE_MAX
 * ERR_IO */
MUST_USE enum err pki_files_read(const char *dir, struct pki_file *file, struct err_detail *detail);

/* Replace one file: a crash leaves the old one or the new one. ERR_IO */
MUST_USE enum err pki_files_replace(const char *dir, const struct pki_file *file,
                                    struct err_detail *detail);

#endif
