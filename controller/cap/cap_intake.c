#include "cap_intake.h"

#include <stdio.h>
#include <string.h>

#include "cap_resource.h"

static bool is_actual(const struct cap_alert *a)
{
    return a != NULL && a->status == CAP_STATUS_ACTUAL &&
           (a->type == CAP_TYPE_ALERT || a->type == CAP_TYPE_UPDATE || a->type == CAP_TYPE_CANCEL);
}

bool cap_intake_lives(const struct cap_verdict *v)
{
    return is_actual(v->alert) && v->alert->scope == CAP_SCOPE_PUBLIC;
}

bool cap_intake_releasable(const struct cap_verdict *v)
{
    return v->result != CAP_REJECTED && is_actual(v->alert);
}

static void copy_name(char *out, const char *text)
{
    snprintf(out, ALERTLIFE_NAME_SIZE, "%.*s",
             text != NULL ? cap_cut(text, ALERTLIFE_NAME_SIZE - 1) : 0, text != NULL ? text : "");
}

void cap_intake_key(const struct cap_verdict *v, struct alertlife_key *ret_key)
{
    memset(ret_key, 0, sizeof(*ret_key));
    if (v->alert == NULL)
        return;
    copy_name(ret_key->sender, v->alert->sender);
    copy_name(ret_key->identifier, v->alert->identifier);
    ret_key->sent_us = v->alert->sent_us;
}

static enum alertlife_type life_type(enum cap_type type)
{
    if (type == CAP_TYPE_CANCEL)
        return ALERTLIFE_CANCEL;
    return type == CAP_TYPE_UPDATE ? ALERTLIFE_UPDATE : ALERTLIFE_ALERT;
}

/* True when a sender may cancel and update what others sent. */
static bool is_superior(const struct cap_policy *policy, const char *sender)
{
    for (size_t i = 0; i < policy->superior_count; i++) {
        if (strcmp(policy->superiors[i], sender) == 0)
            return true;
    }
    return false;
}

enum err cap_intake_message(const struct cap_verdict *v, const struct cap_policy *policy,
                            struct alertlife_key *refs, struct alertlife_message *ret_message)
{
    const struct cap_alert *a = v->alert;
    const struct cap_reference *from = a->references.items;
    struct alertlife_message m = {
        .type = life_type(a->type),
        .superior = is_superior(policy, a->sender),
        .refs = refs,
        .ref_count = a->references.count,
    };

    if (a->references.count > ALERTLIFE_REFS_MAX)
        return ERR_LIMIT;
    cap_intake_key(v, &m.key);
    m.expires_us = v->expires_us != 0 ? v->expires_us
                                      : a->sent_us + (usec_t)policy->default_valid_s * USEC_PER_SEC;
    for (size_t i = 0; i < a->references.count; i++) {
        memset(&refs[i], 0, sizeof(refs[i]));
        copy_name(refs[i].sender, from[i].sender);
        copy_name(refs[i].identifier, from[i].identifier);
        refs[i].sent_us = from[i].sent_us;
    }
    *ret_message = m;
    return ERR_OK;
}

static bool is_vietnamese(const struct cap_info *info)
{
    return info->language != NULL && strncasecmp(info->language, "vi", 2) == 0 &&
           (info->language[2] == '\0' || info->language[2] == '-');
}

/* The infos that are meant: strongest action, Vietnamese where there is one. */
struct choice {
    enum cap_action action;
    bool vietnamese;
};

static struct choice choose(const struct cap_verdict *v)
{
    const struct cap_info *infos = v->alert->infos.items;
    struct choice c = {.action = CAP_ACTION_LOG};

    for (size_t i = 0; i < v->alert->infos.count; i++) {
        if (v->infos[i].action > c.action)
            c.action = v->infos[i].action;
    }
    for (size_t i = 0; i < v->alert->infos.count; i++)
        c.vietnamese = c.vietnamese || (v->infos[i].action == c.action && is_vietnamese(&infos[i]));
    return c;
}

static bool is_chosen(const struct cap_verdict *v, const struct choice *c, size_t i)
{
    const struct cap_info *infos = v->alert->infos.items;

    return v->infos[i].action == c->action && (!c->vietnamese || is_vietnamese(&infos[i]));
}

/* Append one text as a line of its own; white space of any kind becomes single blanks. */
static void add_line(char *out, size_t size, const char *text)
{
    size_t at = strlen(out);
    size_t from = at;
    bool blank = false;

    if (text == NULL || at + 2 >= size)
        return;
    if (at > 0)
        out[at++] = '\n';
    from = at;
    text += strspn(text, " \t\r\n");
    while (*text != '\0') {
        size_t room = size - 1 - at;
        int len = 1;

        if ((unsigned char)*text <= ' ' || *text == 0x7F) {
            blank = true;
            text++;
            continue;
        }
        while (((unsigned char)text[len] & 0xC0U) == 0x80)
            len++;
        if (room < (size_t)len + blank)
            break;
        if (blank)
            out[at++] = ' ';
        blank = false;
        memcpy(out + at, text, (size_t)len);
        at += (size_t)len;
        text += len;
    }
    out[at > from ? at : (from > 0 ? from - 1 : 0)] = '\0';
}

void cap_intake_title(const struct cap_verdict *v, char *ret_title, size_t size)
{
    const struct cap_info *infos;
    struct choice c;

    ret_title[0] = '\0';
    if (v->alert == NULL)
        return;
    infos = v->alert->infos.items;
    c = choose(v);
    for (size_t i = 0; i < v->alert->infos.count && ret_title[0] == '\0'; i++) {
        if (is_chosen(v, &c, i))
            add_line(ret_title, size,
                     infos[i].headline != NULL ? infos[i].headline : infos[i].event);
    }
    if (ret_title[0] == '\0')
        add_line(ret_title, size, v->alert->note != NULL ? v->alert->note : v->alert->identifier);
}

void cap_intake_text(const struct cap_verdict *v, char *ret_text, size_t size)
{
    const struct cap_info *infos;
    struct choice c;

    ret_text[0] = '\0';
    if (v->alert == NULL)
        return;
    infos = v->alert->infos.items;
    c = choose(v);
    for (size_t i = 0; i < v->alert->infos.count; i++) {
        if (!is_chosen(v, &c, i))
            continue;
        add_line(ret_text, size, infos[i].headline != NULL ? infos[i].headline : infos[i].event);
        add_line(ret_text, size, infos[i].description);
        add_line(ret_text, size, infos[i].instruction);
    }
}

size_t cap_intake_recordings(const struct cap_verdict *v, const struct cap_resource **ret_resources,
                             size_t max)
{
    const struct cap_info *infos;
    struct choice c;
    size_t count = 0;

    if (v->alert == NULL)
        return 0;
    infos = v->alert->infos.items;
    c = choose(v);
    for (size_t i = 0; i < v->alert->infos.count; i++) {
        const struct cap_resource *resources = infos[i].resources.items;

        for (size_t k = 0; k < infos[i].resources.count && is_chosen(v, &c, i); k++) {
            if (count < max && cap_resource_is_audio(&resources[k]))
                ret_resources[count++] = &resources[k];
        }
    }
    return count;
}
