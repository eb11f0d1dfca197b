#include "pki_tickets.h"

#include <stdio.h>
#include <string.h>

#include "pki_files.h"

#define FILE_NAME "tickets.key"

enum err pki_tickets_turn(const char *dir, int64_t now_s, struct ticketring *tickets,
                          bool *ret_turned, struct err_detail *detail)
{
    struct pki_file file = {.name = FILE_NAME, .is_private = true};
    struct ticketring next = *tickets;
    enum err e = ERR_OK;

    *ret_turned = ticketring_turn(&next, now_s);
    if (*ret_turned) {
        ticketring_write(&next, file.text);
        e = pki_files_replace(dir, &file, detail);
    }
    if (e == ERR_OK)
        *tickets = next;
    else
        *ret_turned = false;
    explicit_bzero(&next, sizeof(next));
    explicit_bzero(file.text, sizeof(file.text));
    return e;
}

enum err pki_tickets_open(const char *dir, int64_t now_s, struct ticketring *ret_tickets,
                          struct err_detail *detail)
{
    struct pki_file file = {.name = FILE_NAME, .is_private = true};
    struct ticketring tickets = {0};
    struct err_detail missing;
    bool turned;
    enum err e = pki_files_read(dir, &file, &missing);

    if (e == ERR_OK)
        e = ticketring_read(file.text, &tickets);
    explicit_bzero(file.text, sizeof(file.text));
    /* Missing or damaged: nodes shake hands in full once more. */
    if (e == ERR_OK || e == ERR_FORMAT)
        e = pki_tickets_turn(dir, now_s, &tickets, &turned, detail);
    else if (detail != NULL)
        *detail = missing;
    if (e == ERR_OK)
        *ret_tickets = tickets;
    explicit_bzero(&tickets, sizeof(tickets));
    return e;
}
