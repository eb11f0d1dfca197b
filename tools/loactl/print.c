#include "print.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define COLUMNS_MAX 16

struct column {
    char path[64]; /* "status.rms_mdb" */
    char title[64];
    size_t width; /* characters, not bytes */
};

static const json_t *at_path(const json_t *row, const char *path)
{
    char name[64];

    while (row != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");

        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        row = json_object_get(row, name);
        path += len + (path[len] == '.');
    }
    return row;
}

/* Characters a terminal shows: UTF-8 lead bytes; Vietnamese in NFC is one column a character. */
static size_t width_of(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static size_t split_columns(const char *list, struct column *ret_columns)
{
    size_t count = 0;

    while (*list != '\0' && count < COLUMNS_MAX) {
        size_t len = strcspn(list, ",");

        snprintf(ret_columns[count].path, sizeof(ret_columns[0].path), "%.*s", (int)len, list);
        format_title(ret_columns[count].path, ret_columns[count].title,
                     sizeof(ret_columns[0].title));
        ret_columns[count].width = width_of(ret_columns[count].title);
        count++;
        list += len + (list[len] == ',');
    }
    return count;
}

static void put_cell(const char *text, size_t width, bool last)
{
    fputs(text, stdout);
    if (last)
        putchar('\n');
    else
        printf("%*s", (int)(width - width_of(text) + 2), "");
}

static void print_table(const char *list, const json_t *rows)
{
    struct column columns[COLUMNS_MAX];
    size_t count = split_columns(list, columns);
    char cell[FORMAT_CELL_SIZE];
    const json_t *row;
    size_t i;

    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < count; k++) {
            format_value(columns[k].path, at_path(row, columns[k].path), cell, sizeof(cell));
            if (width_of(cell) > columns[k].width)
                columns[k].width = width_of(cell);
        }
    }
    for (size_t k = 0; k < count; k++)
        put_cell(columns[k].title, columns[k].width, k + 1 == count);
    json_array_foreach(rows, i, row)
    {
        for (size_t k = 0; k < count; k++) {
            format_value(columns[k].path, at_path(row, columns[k].path), cell, sizeof(cell));
            put_cell(cell, columns[k].width, k + 1 == count);
        }
    }
}

static void print_members(const char *title, const json_t *object)
{
    char name[64], cell[FORMAT_CELL_SIZE];
    const char *key;
    json_t *value;

    puts(title);
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        format_title(key, name, sizeof(name));
        format_value(key, value, cell, sizeof(cell));
        printf("  %-20s %s\n", name, cell);
    }
}

static void print_record(const char *list, const json_t *record)
{
    struct column columns[COLUMNS_MAX];
    size_t count = split_columns(list, columns);
    char cell[FORMAT_CELL_SIZE];

    for (size_t k = 0; k < count; k++) {
        const json_t *value = at_path(record, columns[k].path);

        if (json_object_size(value) > 0) {
            print_members(columns[k].title, value);
            continue;
        }
        format_value(columns[k].path, value, cell, sizeof(cell));
        printf("%-22s %s\n", columns[k].title, cell);
    }
}

void print_answer(const struct call *call, const json_t *answer)
{
    const struct command *command = call->command;
    const json_t *body = command->list != NULL ? json_object_get(answer, command->list) : answer;

    if (body == NULL)
        body = answer;
    if (call->settings.json) {
        if (body == NULL)
            puts("{}");
        else
            json_dumpf(body, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
        if (body != NULL)
            putchar('\n');
        return;
    }
    if (command->columns != NULL && json_is_array(body))
        print_table(command->columns, body);
    else if (command->columns != NULL && json_is_object(body)) {
        print_record(command->columns, body);
        if (command->rows != NULL) {
            putchar('\n');
            print_table(command->row_columns, at_path(body, command->rows));
        }
    } else if (command->done != NULL)
        puts(command->done);
}

static void put_usage(FILE *out, const struct command *c)
{
    fprintf(out, "loactl %s%s%s", c->noun != NULL ? c->noun : "", c->noun != NULL ? " " : "",
            c->verb);
    for (size_t i = 0; i < COMMAND_ARGS_MAX && c->args[i].form != ARG_NONE; i++) {
        const struct arg *a = &c->args[i];
        const char *value = a->value != NULL ? a->value : "VALUE";

        fputs(a->required ? " " : " [", out);
        if (a->form == ARG_POSITION)
            fputs(value, out);
        else if (a->form == ARG_FLAG)
            fprintf(out, "--%s", a->name);
        else
            fprintf(out, "--%s %s%s", a->name, value, a->form == ARG_REPEAT ? " ..." : "");
        if (!a->required)
            fputs("]", out);
    }
}

void print_help(const struct command *command)
{
    const struct command *c;

    if (command != NULL) {
        printf("%s\n\nusage: ", command->summary);
        put_usage(stdout, command);
        puts(" [--json]");
        for (size_t i = 0; i < COMMAND_ARGS_MAX && command->args[i].form != ARG_NONE; i++)
            printf("  %s%-20s %s\n", command->args[i].form == ARG_POSITION ? "  " : "--",
                   command->args[i].form == ARG_POSITION ? command->args[i].value
                                                         : command->args[i].name,
                   command->args[i].help);
        return;
    }
    puts("usage: loactl [--server URL] [--ca FILE] [--json] NOUN VERB [ARGUMENTS]\n");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++)
        printf("  %-9s %-14s %s\n", c->noun != NULL ? c->noun : "", c->verb, c->summary);
    puts("\nEach command explains itself: loactl NOUN VERB --help.\n"
         "LOACTL_SERVER, LOACTL_CA and LOACTL_STATE set defaults. Exit: 0 done, 1 refused, 2 "
         "usage.");
}

/* roff: a leading dot or apostrophe and every backslash and hyphen would mean something. */
static void put_roff(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

void print_manual(void)
{
    const struct command *c;

    printf(".TH LOACTL 1 \"\" \"loa %s\" \"User commands\"\n", LOA_VERSION);
    puts(".SH NAME\nloactl \\- run a loudspeaker station from a shell\n.SH SYNOPSIS\n"
         ".B loactl\n[\\-\\-server URL] [\\-\\-ca FILE] [\\-\\-json] NOUN VERB [ARGUMENTS]\n.SH "
         "DESCRIPTION\n"
         "Everything an operator does in the web console, by the same API. Answers are tables; "
         "with\n"
         ".B \\-\\-json\nthey are the station's own JSON. Errors are one line: what is wrong and "
         "what to do.\n"
         ".SH COMMANDS");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        puts(".TP");
        fputs(".B loactl ", stdout);
        put_roff(c->noun != NULL ? c->noun : "");
        fputs(c->noun != NULL ? " " : "", stdout);
        put_roff(c->verb);
        putchar('\n');
        put_roff(c->summary);
        puts(".");
        for (size_t k = 0; k < COMMAND_ARGS_MAX && c->args[k].form != ARG_NONE; k++) {
            fputs(".br\n", stdout);
            put_roff(c->args[k].form == ARG_POSITION ? "" : "--");
            put_roff(c->args[k].form == ARG_POSITION ? c->args[k].value : c->args[k].name);
            fputs(": ", stdout);
            put_roff(c->args[k].help);
            putchar('\n');
        }
    }
    puts(".SH ENVIRONMENT\n.TP\n.B LOACTL_SERVER\nhttps://HOST:PORT of the station.\n.TP\n.B "
         "LOACTL_CA\n"
         "PEM file of the station's CA certificate.\n.TP\n.B LOACTL_STATE\nFolder of the sign-in; "
         "by default "
         "~/.config/loactl.\n.SH EXIT STATUS\n0 done, 1 refused (one line on standard error), 2 "
         "usage.");
}

/* Is the row not one of the noun of the row before it? */
static bool begins_noun(size_t i)
{
    const struct command *c = command_at(i), *before = i > 0 ? command_at(i - 1) : NULL;

    return before == NULL || c->noun == NULL || before->noun == NULL ||
           strcmp(c->noun, before->noun) != 0;
}

void print_completion(void)
{
    const struct command *c;

    puts("_loactl()\n{\n  local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
         "  case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        if (c->noun != NULL)
            printf("  \"%s %s\") words='", c->noun, c->verb);
        else
            printf("  \"%s \"*) words='", c->verb);
        for (size_t k = 0; k < COMMAND_ARGS_MAX && c->args[k].form != ARG_NONE; k++) {
            if (c->args[k].form != ARG_POSITION)
                printf("--%s ", c->args[k].name);
        }
        puts("--json --help' ;;");
    }
    puts("  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then words='");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        if (begins_noun(i))
            printf("%s ", c->noun != NULL ? c->noun : c->verb);
    }
    puts("'\n  elif [ \"$COMP_CWORD\" -eq 2 ]; then\n    case ${COMP_WORDS[1]} in");
    for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
        if (c->noun == NULL)
            continue;
        if (begins_noun(i))
            printf("    %s) words='", c->noun);
        printf("%s ", c->verb);
        if (command_at(i + 1) == NULL || begins_noun(i + 1))
            puts("' ;;");
    }
    puts("    esac\n  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
         "  [ ${#COMPREPLY[@]} -eq 0 ] && mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "  return 0\n}\ncomplete -F _loactl loactl");
}
