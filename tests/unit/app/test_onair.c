/* The station's present on a real database: one node's or one broadcast's trouble stays its own. */
#include "onairbed.h"

#include <stdio.h>
#include <string.h>

#include "store_broadcast.h"
#include "store_event.h"

#define EVENT_US (NOW_US + USEC_PER_HOUR)

/* One more broadcast by hand, to all three nodes. */
static struct broadcast_id play(void)
{
    const struct api_play wish = {.bulletin = bed.sample.bulletin,
                                  .start_us = NOW_US + USEC_PER_HOUR,
                                  .repeats = 1,
                                  .nodes = bed.sample.nodes,
                                  .node_count = 3};
    struct broadcast_id id;

    assert_ok(onair_play(bed.onair, &wish, ONAIRBED_US, &id, NULL));
    assert_ok(onair_committed(bed.onair, id));
    return id;
}

static void test_a_node_whose_orders_cannot_be_stored_holds_up_no_other(void **state)
{
    (void)state;
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE INSERT ON issued_order WHEN NEW.node = 1"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    onair_step(bed.onair, ONAIRBED_US);
    assert_int_equal(bed.orders[1], 0);
    assert_int_equal(bed.orders[2], 1);
    assert_int_equal(bed.orders[3], 1);
    /* Not at once again: the disk and the log have other things to do. */
    onair_step(bed.onair, ONAIRBED_US + 1);
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    onair_step(bed.onair, ONAIRBED_US + 2);
    assert_int_equal(bed.orders[1], 0);
    onair_step(bed.onair, ONAIRBED_US + BROADCAST_ORDER_RETRY_US + 2);
    assert_int_equal(bed.orders[1], 1);
}

static void test_a_broadcast_whose_state_cannot_be_stored_holds_up_no_other(void **state)
{
    struct broadcast_id other;

    (void)state;
    onair_step(bed.onair, ONAIRBED_US);
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE UPDATE OF state ON broadcast"
                               " WHEN NEW.id = 1 BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    other = play();
    onair_step(bed.onair, NOW_US);
    for (int n = 1; n <= 3; n++)
        assert_true(bed.orders[n] >= 2);
    assert_int_equal(onair_broadcast(bed.onair, other)->state, BROADCAST_PLANNED);
    assert_int_equal(onair_broadcast(bed.onair, bed.sample.broadcast)->state, BROADCAST_PLANNED);
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    onair_step(bed.onair, NOW_US + 1);
    assert_int_equal(onair_broadcast(bed.onair, bed.sample.broadcast)->state, BROADCAST_ON_AIR);
}

static void test_a_stop_that_cannot_be_stored_holds_up_no_other(void **state)
{
    const char *stops = "SELECT count(*) FROM issued_order WHERE kind = 2";
    const struct broadcast *b = onair_broadcast(bed.onair, bed.sample.broadcast);

    (void)state;
    registry_find(bed.registry, bed.sample.nodes[1])->live.ready = false;
    onair_step(bed.onair, ONAIRBED_US);
    memset(bed.orders, 0, sizeof(bed.orders));
    /* A stop that cannot be stored was never given. */
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE UPDATE OF stop_order ON target"
                               " WHEN NEW.node = 1 AND NEW.stop_order <> 0"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    assert_ok(onair_stop(bed.onair, b->id, ONAIRBED_US));
    assert_int_equal(bed.orders[1], 1); /* what leaves before anything is stored */
    assert_int_equal(bed.orders[2], 0); /* not connected, and never ordered */
    assert_int_equal(bed.orders[3], 2);
    assert_int_equal(b->targets[0].stop.v, 0);
    assert_int_equal(storefix_count(bed.store, stops), 1);
}

static void test_a_stop_names_many_nodes(void **state)
{
    const struct broadcast *b = onair_broadcast(bed.onair, bed.sample.broadcast);

    (void)state;
    onair_step(bed.onair, ONAIRBED_US);
    assert_ok(onair_stop(bed.onair, b->id, ONAIRBED_US));
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order WHERE kind = 2"),
                     1);
    assert_int_not_equal(b->targets[0].stop.v, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(b->targets[i].stop.v, b->targets[0].stop.v);
        assert_int_equal(bed.orders[i + 1],
                         3); /* play, the stop that waits for no disk, this one */
    }
}

/* An event for everyone, an hour after NOW_US (2027-01-15 08:00 UTC); lasts 50,002 ms. */
static struct event_id add_event(enum event_conflict conflict)
{
    struct event event = storefix_event(&bed.sample);
    struct event_id id;

    event.everyone = true;
    event.zone_count = 0;
    event.conflict = conflict;
    event.created_us = ONAIRBED_US - USEC_PER_HOUR;
    snprintf(event.ics, sizeof(event.ics),
             "BEGIN:VEVENT\nUID:%d\nDTSTART:20270115T090000Z\nEND:VEVENT\n", (int)conflict);
    assert_ok(store_event_add(bed.store->db, &event, &id, NULL));
    return id;
}

/* The broadcast that is planned for the event's occurrence; NULL: none. */
static const struct broadcast *planned(struct event_id event)
{
    struct broadcast_id id;
    const struct broadcast *b;

    if (store_broadcast_find(bed.store->db, event, EVENT_US, "", &id) != ERR_OK)
        return NULL;
    b = onair_broadcast(bed.onair, id);
    return b != NULL && b->state == BROADCAST_PLANNED ? b : NULL;
}

static void plan(void)
{
    assert_ok(onair_plan(bed.onair, ONAIRBED_US));
}

static void test_an_event_that_waits_follows_what_it_waits_for(void **state)
{
    struct event_id waits = add_event(EVENT_APPEND);
    struct event_id first;

    (void)state;
    plan();
    assert_int_equal(planned(waits)->start_us, EVENT_US);
    first = add_event(EVENT_REFUSE);
    plan();
    plan(); /* the next planning knows of it */
    assert_int_equal(planned(first)->start_us, EVENT_US);
    assert_int_equal(planned(waits)->start_us, broadcast_over_us(planned(first)));
    plan();
    assert_int_equal(planned(waits)->start_us, broadcast_over_us(planned(first)));
    assert_ok(store_event_cancel(bed.store->db, first, NULL));
    plan();
    plan();
    assert_null(planned(first));
    assert_int_equal(planned(waits)->start_us, EVENT_US);
}

static void test_a_changed_event_is_planned_anew_and_a_cancelled_one_ends(void **state)
{
    struct event_id id = add_event(EVENT_REFUSE);
    struct event event;
    struct broadcast_id old;

    (void)state;
    plan();
    old = planned(id)->id;
    plan();
    assert_int_equal(planned(id)->id.v, old.v);
    assert_ok(store_event_get(bed.store->db, id, &event));
    event.repeats = 3;
    assert_ok(store_event_update(bed.store->db, &event, NULL));
    plan();
    assert_int_not_equal(planned(id)->id.v, old.v);
    assert_int_equal(planned(id)->repeats, 3);
    assert_int_equal(onair_broadcast(bed.onair, old)->state, BROADCAST_CANCELLED);
    assert_ok(store_event_cancel(bed.store->db, id, NULL));
    plan();
    assert_null(planned(id));
}

static void test_what_the_station_slept_through_is_journalled_and_alarms(void **state)
{
    struct event_id id = add_event(EVENT_REFUSE);
    struct broadcast_id missed_id;

    (void)state;
    bed.station.policy.late_tolerance_s = 60;
    assert_ok(onair_plan(bed.onair, EVENT_US + 61 * USEC_PER_SEC));
    assert_ok(store_broadcast_find(bed.store->db, id, EVENT_US, "", &missed_id));
    assert_int_equal(bed.missed, 3);
    assert_int_equal(
        storefix_count(bed.store, "SELECT count(*) FROM journal WHERE action = 'broadcast.missed'"),
        1);
}

static void test_a_start_within_the_tolerance_is_joined(void **state)
{
    struct event_id id = add_event(EVENT_REFUSE);

    (void)state;
    bed.station.policy.late_tolerance_s = 60;
    assert_ok(onair_plan(bed.onair, EVENT_US + 59 * USEC_PER_SEC));
    assert_non_null(planned(id));
    assert_int_equal(bed.missed, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, onairbed_begin, onairbed_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_node_whose_orders_cannot_be_stored_holds_up_no_other),
        CASE(test_a_broadcast_whose_state_cannot_be_stored_holds_up_no_other),
        CASE(test_a_stop_that_cannot_be_stored_holds_up_no_other),
        CASE(test_a_stop_names_many_nodes),
        CASE(test_an_event_that_waits_follows_what_it_waits_for),
        CASE(test_a_changed_event_is_planned_anew_and_a_cancelled_one_ends),
        CASE(test_what_the_station_slept_through_is_journalled_and_alarms),
        CASE(test_a_start_within_the_tolerance_is_joined),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
