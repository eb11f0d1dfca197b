#include "speech_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

#include "speech_figure.h"
#include "speech_number.h"
#include "speech_words.h"
#include "utf8.h"

#define WORD_BYTES 64 /* longer words decide nothing */
#define SPELLED_MAX 6 /* letters; longer ones are a word in capitals */

struct reading {
    FILE *out;
    const struct speech_entry *entries;
    size_t entry_count;
    char before[WORD_BYTES]; /* the last word, lower case; "" after punctuation */
    bool spaced; /* what was written last was a space or a line's start */
    bool spoken; /* anything at all */
};

enum kind { KIND_LETTER, KIND_DIGIT, KIND_SPACE, KIND_MARK, KIND_NOTHING };

/* One code point of well-formed text. */
static size_t next(const char *text, utf8proc_int32_t *ret_code)
{
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, ret_code);

    return n > 0 ? (size_t)n : 1;
}

static enum kind kind_of(utf8proc_int32_t c)
{
    const char *category = utf8proc_category_string(c); /* "Lu", "Nd" ... of Unicode */

    switch (category[0]) {
    case 'L':
    case 'M':
        return KIND_LETTER;
    case 'N':
        return category[1] == 'd' ? KIND_DIGIT : KIND_NOTHING;
    case 'Z':
        return KIND_SPACE;
    case 'P':
        return KIND_MARK;
    default:
        return c == '\n' || c == '\t' ? KIND_SPACE : KIND_NOTHING;
    }
}

static size_t word_length(const char *text)
{
    utf8proc_int32_t c;
    size_t len = 0;

    while (text[len] != '\0') {
        size_t n = next(text + len, &c);

        if (kind_of(c) != KIND_LETTER)
            break;
        len += n;
    }
    return len;
}

static void remember(struct reading *r, const char *word, size_t len)
{
    utf8proc_int32_t c;
    size_t out = 0;

    for (size_t at = 0; at < len;) {
        utf8proc_uint8_t lower[4];
        size_t n = next(word + at, &c);
        size_t m = (size_t)utf8proc_encode_char(utf8proc_tolower(c), lower);

        if (out + m >= sizeof(r->before))
            break;
        memcpy(r->before + out, lower, m);
        out += m;
        at += n;
    }
    r->before[out] = '\0';
}

/* What is written out stands apart from what is around it. */
static void begin_words(struct reading *r)
{
    if (!r->spaced)
        fputc(' ', r->out);
    r->spaced = false;
    r->spoken = true;
}

static void end_words(struct reading *r, const char *rest)
{
    utf8proc_int32_t c;

    if (rest[0] == '\0')
        return;
    next(rest, &c);
    if (kind_of(c) == KIND_LETTER || kind_of(c) == KIND_DIGIT) {
        fputc(' ', r->out);
        r->spaced = true;
    }
}

static void write_words(struct reading *r, const char *words, const char *rest)
{
    begin_words(r);
    fputs(words, r->out);
    remember(r, words, strlen(words));
    end_words(r, rest);
}

static size_t from_dictionary(struct reading *r, const char *text)
{
    const struct speech_entry *best = NULL;
    size_t best_len = 0;
    utf8proc_int32_t c;

    for (size_t i = 0; i < r->entry_count; i++) {
        const struct speech_entry *e = &r->entries[i];
        size_t len = strlen(e->written);

        if (len <= best_len || strncmp(text, e->written, len) != 0)
            continue;
        if (text[len] != '\0') {
            next(text + len, &c);
            if (kind_of(c) == KIND_LETTER || kind_of(c) == KIND_DIGIT)
                continue;
        }
        best = e;
        best_len = len;
    }
    if (best != NULL)
        write_words(r, best->spoken, text + best_len);
    return best_len;
}

static size_t from_abbreviations(struct reading *r, const char *text)
{
    size_t len;
    const char *spoken = speech_words_abbreviation(text, &len);

    if (spoken == NULL)
        return 0;
    write_words(r, spoken, text + len);
    return len;
}

/* "khóa XV", "quý III": Roman only after words that are counted so. */
static size_t from_roman(struct reading *r, const char *text)
{
    static const char *const counted[] = {"khóa", "quý",    "kỳ",   "thứ",  "chương", "phần",
                                          "mục",  "thế kỷ", "hội",  "vùng", "cấp",    "loại",
                                          "kỷ",   "nhóm",   "hạng", "khoá"};
    size_t len;
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]) && n == 0; i++) {
        if (strcmp(r->before, counted[i]) == 0)
            n = speech_figure_roman(text, &len);
    }
    if (n == 0)
        return 0;
    begin_words(r);
    if (n == 1 && strcmp(r->before, "thứ") == 0)
        fputs("nhất", r->out);
    else if (n == 4)
        fputs("tư", r->out);
    else
        speech_number(r->out, n);
    /* "quý III/2026" */
    if (text[len] == '/' && text[len + 1] >= '1' && text[len + 1] <= '9') {
        fputs(" năm", r->out);
        len++;
    }
    r->before[0] = '\0';
    end_words(r, text + len);
    return len;
}

/* Capitals without a vowel are no word: they are spelled. */
static size_t spell(struct reading *r, const char *text, size_t len)
{
    const char *names[SPELLED_MAX];
    size_t n = 0;

    for (size_t at = 0; at < len;) {
        size_t step;

        if (n == SPELLED_MAX || strchr("AEIOUY", text[at]) != NULL)
            return 0;
        names[n] = speech_words_letter(text + at, &step);
        if (names[n++] == NULL)
            return 0;
        at += step;
    }
    if (n < 2)
        return 0;
    begin_words(r);
    for (size_t i = 0; i < n; i++)
        fprintf(r->out, "%s%s", i > 0 ? " " : "", names[i]);
    r->before[0] = '\0';
    end_words(r, text + len);
    return len;
}

static size_t read_word(struct reading *r, const char *text)
{
    size_t len = from_dictionary(r, text);

    if (len == 0)
        len = from_roman(r, text);
    if (len == 0)
        len = from_abbreviations(r, text);
    if (len > 0)
        return len;
    len = word_length(text);
    if (spell(r, text, len) > 0)
        return len;
    fwrite(text, 1, len, r->out);
    remember(r, text, len);
    r->spaced = false;
    r->spoken = true;
    return len;
}

static size_t read_figure(struct reading *r, const char *text)
{
    size_t len = from_dictionary(r, text);

    if (len > 0)
        return len;
    begin_words(r);
    len = speech_figure(r->out, text, r->before);
    r->before[0] = '\0';
    end_words(r, text + len);
    return len;
}

/* One blank for many; the end of a line stays, it is a pause. */
static size_t read_space(struct reading *r, const char *text)
{
    utf8proc_int32_t c;
    bool line = false;
    size_t len = 0;

    while (text[len] != '\0') {
        size_t n = next(text + len, &c);

        if (kind_of(c) != KIND_SPACE)
            break;
        line = line || c == '\n';
        len += n;
    }
    if (line)
        r->before[0] = '\0';
    if (line || !r->spaced)
        fputc(line ? '\n' : ' ', r->out);
    r->spaced = true;
    return len;
}

/* Marks that make a pause or a tone are kept; the rest would be read by name. */
static void read_mark(struct reading *r, const char *text, size_t len)
{
    static const char *const kept[] = {".", ",", ";", ":", "!", "?", "…"};

    r->before[0] = '\0';
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (strlen(kept[i]) == len && memcmp(kept[i], text, len) == 0) {
            fwrite(text, 1, len, r->out);
            r->spaced = false;
            return;
        }
    }
    if (!r->spaced)
        fputc(' ', r->out);
    r->spaced = true;
}

static size_t read_one(struct reading *r, const char *text)
{
    utf8proc_int32_t c;
    size_t len = next(text, &c);

    if ((c >= '0' && c <= '9') || (c == '+' && text[1] >= '0' && text[1] <= '9'))
        return read_figure(r, text);
    switch (kind_of(c)) {
    case KIND_LETTER:
        return read_word(r, text);
    case KIND_SPACE:
        return read_space(r, text);
    case KIND_MARK:
        if (c == '&')
            write_words(r, "và", text + len);
        else
            read_mark(r, text, len);
        return len;
    case KIND_DIGIT: /* of another script */
    case KIND_NOTHING:
        break;
    }
    return len;
}

static enum err check(const char *text, size_t len, struct err_detail *detail)
{
    if (len == 0)
        return err_set(detail, ERR_LIMIT, "There is no text to speak; type some.");
    if (len > SPEECH_TEXT_MAX)
        return err_set(
            detail, ERR_LIMIT,
            "The text has %zu bytes, more than the %d that are spoken at once; split it.", len,
            SPEECH_TEXT_MAX);
    if (!utf8_valid(text, len, true))
        return err_set(
            detail, ERR_FORMAT,
            "The text holds control characters or is not UTF-8; paste it as plain text.");
    return ERR_OK;
}

enum err speech_text(const char *text, size_t len, const struct speech_entry *entries,
                     size_t entry_count, char **ret_text, struct err_detail *detail)
{
    struct reading r = {.entries = entries, .entry_count = entry_count, .spaced = true};
    utf8proc_uint8_t *composed = NULL;
    char *out = NULL;
    size_t out_len = 0;
    enum err err = check(text, len, detail);

    if (err != ERR_OK)
        return err;
    err = ERR_NOMEM;
    if (utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &composed,
                     UTF8PROC_COMPOSE | UTF8PROC_STABLE) < 0)
        goto out;
    r.out = open_memstream(&out, &out_len);
    if (r.out == NULL)
        goto out;
    for (const char *at = (const char *)composed; *at != '\0';)
        at += read_one(&r, at);
    if (fclose(r.out) != 0)
        goto out;
    if (!r.spoken) {
        err = err_set(detail, ERR_FORMAT, "Nothing in this text can be spoken; type words.");
        goto out;
    }
    *ret_text = out;
    out = NULL;
    err = ERR_OK;
out:
    free(out);
    free(composed);
    return err;
}
