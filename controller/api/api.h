/* api.h - the HTTP API: requests become calls of the store, the core and the running station.
 *
 * No socket and no SQL here: requests come as struct web_request, answers leave through
 * ports.answer(). The table in routes.h says which route exists and who may call it; openapi.yaml is
 * tested against it. Every change and its journal entry are one transaction.
 * Thread: main. */
#ifndef LOA_API_H
#define LOA_API_H

#include "alert.h"
#include "broadcast.h"
#include "cue.h"
#include "emergency.h"
#include "err.h"
#include "library.h"
#include "registry.h"
#include "src_speech.h"
#include "station.h"
#include "units.h"
#include "web.h"

struct api;
struct db;

#define API_LISTENERS_MAX 16 /* at a time: ports.listen() takes no more */

/* How an import ended; on ERR_OK the file of the media `info` is in its place (it may have been there
 * before), otherwise detail says what is wrong with the file. Both are valid during the call only. */
typedef void (*api_import_done)(void *arg, enum err result, const struct media_info *info,
                                const struct err_detail *detail);

/* A text to speak. */
struct api_speech {
    const char *text; /* as speech_text() wrote it; borrowed for the call */
    char title[BULLETIN_TITLE_SIZE];
    enum speech_voice voice;
    uint32_t speed; /* words a minute */
    bool urgent; /* before all imports: people wait for it under a siren */
    struct user_id user;
};

/* What a person asks to sound now. */
struct api_play {
    struct bulletin_id
        bulletin; /* approved, not expired: checked by the API; 0: the signal below */
    enum emergency_signal signal; /* set in the store */
    const struct node_id *nodes; /* resolved from zones, each once; borrowed */
    size_t node_count; /* at least 1 */
    uint32_t repeats; /* 1..10 */
    uint32_t pause_ms;
    usec_t start_us; /* station time; now + a short lead */
    bool may_break_quiet; /* the person confirmed */
};

/* What a person says, or relays, now. Texts are borrowed. */
struct api_live {
    const char *title;
    enum priority priority;
    const struct node_id *nodes; /* as in struct api_play */
    size_t node_count;
    uint32_t duration_ms; /* at most */
    usec_t start_us;
    const char *source; /* "stream", "microphone", "microphone:DEVICE", or an http(s) address */
    const char *backup; /* address; "" none */
    bool has_fallback;
    struct media_id fallback;
    uint32_t fallback_ms;
    struct user_id user;
};

/* How what somebody says is heard. */
struct api_talk_state {
    usec_t start_us; /* nothing sounds before */
    int32_t level_mdb; /* RMS of the last 20 ms, before gain control */
    uint32_t delay_ms; /* from saying to sounding */
    uint32_t late; /* times the sound came too late and left a gap */
    size_t nodes; /* it is meant for */
    size_t hearing; /* of these, say that they sound it */
};

/* What became of a CAP message (capdesk.h); valid during the call only. */
struct api_cap_outcome {
    const char *result; /* "rejected", "duplicate", "conflict", or the message's state */
    uint64_t message; /* 0: it was not stored */
    uint64_t alert; /* it became, 0 none */
    const char *verdict; /* JSON text (controller/cap/FORMAT.md) */
};
typedef void (*api_cap_done)(void *arg, enum err result, const struct api_cap_outcome *outcome,
                             const struct err_detail *detail);

/* What handlers need of the running station; every function is set. `detail` sentences reach the
 * person who asked. */
struct api_ports {
    void *ctx;
    struct db *db;
    struct registry *registry;
    struct station *station; /* in force now; the API replaces policy after storing it */
    const char *upload_dir; /* existing; where uploads are collected; borrowed for life */
    const char *
        resume_dir; /* likewise for uploads in parts, kept over restarts, of one file system with upload_dir */
    const char
        *console_dir; /* where the web console was built, may be missing; NULL none; likewise */
    const char *
        tiles; /* of the map: an https address with {z}, or the path of a PMTiles file; NULL none */
    bool training; /* the station is one to practise on; told to everybody */

    const char *media_dir; /* where recordings are stored; likewise */
    const char *photo_dir; /* likewise: photos of nodes, node-ID */
    const char *backup_dir; /* likewise: backups of the database */

    usec_t (*now_us)(void *ctx); /* station time */
    const atomic_bool *stopping; /* what takes long on a worker gives up; NULL: never */

    /* web_answer() of the running server. */
    void (*answer)(void *ctx, uint64_t request, struct web_response *res);

    /* Run work(arg) on another thread, then done(arg) on this one. ERR_BUSY: too many waiting. */
    enum err (*run_in_worker)(void *ctx, void (*work)(void *arg), void (*done)(void *arg),
                              void *arg);

    /* Import the file at `path`, cut as `cue` says (NULL: as it is); the callee owns the file from ERR_OK on and removes it. `done` is called
     * once, later, from the loop. Storing and journalling what it found is the API's.
     * ERR_BUSY: too many imports; ERR_IO: disk. */
    enum err (*import_start)(void *ctx, const char *path, const char *title,
                             const char *source_name, const struct cue *cue, struct user_id user,
                             api_import_done done, void *arg, struct err_detail *detail);

    /* Speak a text and import the sound; `done` as with import_start(). */
    enum err (*speech_start)(void *ctx, const struct api_speech *speech, api_import_done done,
                             void *arg, struct err_detail *detail);

    /* File of stored media. ERR_NOT_FOUND; ERR_LIMIT: size too small. */
    enum err (*media_path)(void *ctx, const struct media_id *id, char *ret_path, size_t size);

    /* The media's record is about to be deleted: remove its file after the transaction. */
    void (*media_deleted)(void *ctx, const struct media_id *id);

    /* Plan one broadcast: called inside the handler's transaction, writes to the store only.
     * broadcast_committed() follows when the transaction is durable, and only then may anything be sent. */
    enum err (*broadcast_plan)(void *ctx, const struct api_play *play, struct broadcast_id *ret_id,
                               struct err_detail *detail);
    void (*broadcast_committed)(void *ctx, struct broadcast_id id);

    /* Silence at once, also when the disk fails; the API journals afterwards.
     * ERR_NOT_FOUND; ERR_STATE: over already. */
    enum err (*broadcast_stop)(void *ctx, struct broadcast_id id, struct err_detail *detail);
    size_t (*broadcast_stop_all)(
        void *ctx); /* number of broadcasts stopped; also tells every node */

    /* Plan one live broadcast, as broadcast_plan(). live_committed() begins its source; what fails then has
     * stopped the broadcast again. */
    enum err (*live_plan)(void *ctx, const struct api_live *live, struct broadcast_id *ret_id,
                          struct err_detail *detail);
    enum err (*live_committed)(void *ctx, struct broadcast_id id, const struct api_live *live,
                               struct err_detail *detail);

    /* Take up an alert, or a waiting one that was confirmed (its id is set): called inside the handler's
     * transaction; sets id, life and how its tone begins. alert_committed() follows when it is durable.
     * alert_end() silences at once, also when the disk fails, and stores; the API journals afterwards.
     * ERR_LIMIT: too many; ERR_NOT_FOUND: not under way. */
    enum err (*alert_plan)(void *ctx, struct alert *alert, struct err_detail *detail);
    void (*alert_committed)(void *ctx);
    enum err (*alert_end)(void *ctx, uint64_t id, enum alert_state how, struct user_id by,
                          struct err_detail *detail);

    /* The speaker hangs up: what was said sounds to its end. ERR_NOT_FOUND: not live, or over. */
    enum err (*live_hang_up)(void *ctx, struct broadcast_id id);

    /* A request brings the sound of a broadcast whose source is "stream": 48 kHz mono s16le. It is held up
     * while the station has enough, unless it comes `in_time`, as it is spoken: then what piled up is dropped.
     * ERR_NOT_FOUND; ERR_STATE: another brings it already. */
    enum err (*sound_begin)(void *ctx, struct broadcast_id id, uint64_t request, bool in_time,
                            struct err_detail *detail);
    bool (*sound_piece)(void *ctx, uint64_t request, struct bytes piece); /* false: it is over */
    void (*sound_end)(void *ctx, uint64_t request); /* complete, or the client is gone */

    /* One Opus packet of 20 ms, as sound_piece(). ERR_FORMAT: it is none; ERR_STATE: the broadcast is over. */
    enum err (*sound_packet)(void *ctx, uint64_t request, struct bytes packet);

    /* How what a request brings is heard. ERR_NOT_FOUND: the broadcast is over. */
    enum err (*talk_state)(void *ctx, uint64_t request, struct api_talk_state *ret_state);

    /* As web_socket_send() and _close(). */
    enum err (*socket_send)(void *ctx, uint64_t request, const char *text);
    enum err (*socket_close)(void *ctx, uint64_t request, const char *text);

    /* As web_stream_begin(), _send() and _end(). */
    enum err (*stream_begin)(void *ctx, uint64_t request, const char *content_type,
                             size_t max_waiting);
    enum err (*stream_send)(void *ctx, uint64_t request, struct web_piece *piece);
    void (*stream_end)(void *ctx, uint64_t request);

    /* The broadcasts under way, one by one, borrowed until the next call; NULL: there are no more. */
    const struct broadcast *(*broadcast_at)(void *ctx, size_t i);

    /* Somebody looks at level meters: let nodes that sound tell theirs for a while. */
    void (*watch_levels)(void *ctx);

    /* The first administrator exists: the one-time code is worthless from here on. */
    void (*set_up)(void *ctx);

    /* Answer a request with what is on air, as Ogg Opus until it is over: after ERR_OK it is answered.
     * ERR_NOT_FOUND: not under way; ERR_STATE: not on air yet; ERR_BUSY: too many listen. */
    enum err (*listen)(void *ctx, struct broadcast_id id, uint64_t request,
                       struct err_detail *detail);
    void (*listener_gone)(void *ctx, uint64_t request); /* whatever it asked for */
    bool (*listens)(void *ctx, uint64_t request); /* still? */
    void (*listen_end)(void *ctx, uint64_t request); /* its session is over; harmless for others */

    /* Judge a CAP message and act on it; stored and journalled when `done` is called, later, from the loop.
     * ERR_LIMIT, ERR_BUSY. */
    enum err (*cap_take)(void *ctx, struct bytes message, const char *source, const struct user *by,
                         api_cap_done done, void *arg, struct err_detail *detail);

    /* The source whose policy holds for what this account sends. */
    const char *(*cap_source)(void *ctx, const char *login);

    /* Let a message that waits sound, or end what it refers to. ERR_NOT_FOUND, ERR_STATE. */
    enum err (*cap_release)(void *ctx, uint64_t id, const struct user *by, api_cap_done done,
                            void *arg, struct err_detail *detail);

    /* The feed of what the station publishes, and the certificate (PEM) of its signer.
     *   base  address before "/cap/"; the text is malloc'd */
    enum err (*cap_feed)(void *ctx, const char *base, char **ret_text);
    const char *(*cap_signer)(void *ctx);

    /* After the transaction: what was planned from events, zones, policy or bulletins may have changed. */
    void (*schedule_changed)(void *ctx);
    void (*node_changed)(void *ctx, struct node_id id); /* reload its record, send Settings */
    void (*node_revoked)(void *ctx, struct node_id id); /* drop its link within 1 s */
    void (*emergency_changed)(void *ctx); /* the set: offer it to all nodes */
    void (*policy_changed)(void *ctx); /* station replaced; send Settings to all */

    /* Send a node the signed order for its test tone; its answers arrive in registry live.test.
     * ERR_NOT_FOUND: not connected. */
    enum err (*node_test)(void *ctx, struct node_id id, uint64_t *ret_order);

    /* Send a node the signed order to start its board anew. ERR_NOT_FOUND: not connected. */
    enum err (*node_reboot)(void *ctx, struct node_id id);
    void (*site_changed)(void *ctx); /* after the transaction: judge SIM cards anew */

    /* First 12 bytes of the SHA-256 of the station CA's certificate (joincode.h). */
    void (*ca_pin)(void *ctx, uint8_t ret_pin[12]);

    /* Prometheus text of the whole station without the API's own counters; malloc'd. */
    char *(*metrics)(void *ctx);
};

/* Make the API.
 *
 *   ports  copied; what it points to outlives the API
 *   admin_code  the one-time code that the first administrator types at setup; NULL or "" = none open.
 *               Copied. */
MUST_USE enum err api_new(const struct api_ports *ports, const char *admin_code,
                          struct api **ret_api);

/* Free; requests still waiting are dropped unanswered. NULL is harmless. No worker or import may be
 * under way. */
void api_free(struct api *a);

/* Tell those who watch what changed; call every API_STEP_MS. */
#define API_STEP_MS 250
void api_step(struct api *a);

/* The functions to give to web_new(). */
struct web_handler api_handler(struct api *a);

#endif
