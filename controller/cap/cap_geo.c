#include "cap_geo.h"

#include <ctype.h>
#include <math.h>

#define EARTH_KM 6371.0088 /* mean radius */
#define KM_PER_DEGREE (EARTH_KM * M_PI / 180)
#define RADIUS_MAX_KM 20040.0
#define DIGITS_MAX 15

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A decimal number without exponent; no locale. Advances *at. */
static bool read_number(const char **at, double *ret_number)
{
    static const double scale[DIGITS_MAX + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *p = *at;
    bool minus = *p == '-';
    long long digits = 0;
    int count = 0, after = 0;

    if (*p == '-' || *p == '+')
        p++;
    for (bool dot = false; isdigit((unsigned char)*p) || (*p == '.' && !dot); p++) {
        if (*p == '.') {
            dot = true;
            continue;
        }
        if (count == DIGITS_MAX && dot)
            continue; /* finer than an atom */
        if (count++ == DIGITS_MAX)
            return false;
        digits = digits * 10 + (*p - '0');
        after += dot;
    }
    if (count == 0)
        return false;
    *ret_number = (minus ? -1 : 1) * (double)digits / scale[after];
    *at = p;
    return true;
}

static bool read_point(const char **at, struct cap_point *ret_point)
{
    if (!read_number(at, &ret_point->lat) || **at != ',')
        return false;
    (*at)++;
    return read_number(at, &ret_point->lon) && (**at == '\0' || is_space(**at)) &&
           fabs(ret_point->lat) <= 90 && fabs(ret_point->lon) <= 180;
}

size_t cap_points_bound(const char *text)
{
    size_t bound = 0;

    for (const char *p = text; *p != '\0'; p++)
        bound += !is_space(*p) && (p[1] == '\0' || is_space(p[1]));
    return bound;
}

enum err cap_points_read(const char *text, struct cap_point *ret_points, size_t room,
                         size_t *ret_count)
{
    size_t count = 0;

    for (;;) {
        while (is_space(*text))
            text++;
        if (*text == '\0' || count == room)
            break;
        if (!read_point(&text, &ret_points[count]))
            return ERR_FORMAT;
        count++;
    }
    *ret_count = count;
    return *text == '\0' ? ERR_OK : ERR_LIMIT;
}

enum err cap_circle_read(const char *text, struct cap_circle *ret_circle)
{
    struct cap_circle c;

    while (is_space(*text))
        text++;
    if (!read_point(&text, &c.centre))
        return ERR_FORMAT;
    while (is_space(*text))
        text++;
    if (!read_number(&text, &c.radius_km) || c.radius_km < 0 || c.radius_km > RADIUS_MAX_KM)
        return ERR_FORMAT;
    while (is_space(*text))
        text++;
    if (*text != '\0')
        return ERR_FORMAT;
    *ret_circle = c;
    return ERR_OK;
}

void cap_ring_make(struct cap_ring *ret_ring, struct cap_point *points, size_t count)
{
    struct cap_ring r = {.points = points, .count = count};
    struct cap_point first = points[0];
    double before = first.lon, lat_sum = 0, way;

    for (size_t i = 1; i < count; i++) {
        double as_read = points[i].lon;
        double step = as_read - before;

        /* The short way round; but a step of a whole turn is the edge of a map, and meant. */
        if (fabs(step) > 180 && fabs(step) < 360)
            step -= copysign(360, step);
        points[i].lon = points[i - 1].lon + step;
        before = as_read;
    }
    for (size_t i = 0; i < count; i++)
        lat_sum += points[i].lat;
    way = points[count - 1].lon - first.lon;
    if (fabs(way) > 180) { /* once round a pole: go home over it */
        double pole = lat_sum < 0 ? -90 : 90;

        points[r.count] = (struct cap_point){pole, points[r.count - 1].lon};
        r.count++;
        points[r.count++] = (struct cap_point){pole, first.lon};
    }
    if (points[r.count - 1].lat != first.lat || points[r.count - 1].lon != first.lon)
        points[r.count++] = first;
    r.low = r.high = first;
    for (size_t i = 1; i < r.count; i++) {
        r.low.lat = fmin(r.low.lat, points[i].lat);
        r.low.lon = fmin(r.low.lon, points[i].lon);
        r.high.lat = fmax(r.high.lat, points[i].lat);
        r.high.lon = fmax(r.high.lon, points[i].lon);
    }
    *ret_ring = r;
}

static bool in_box(const struct cap_ring *ring, struct cap_point p)
{
    return p.lat >= ring->low.lat && p.lat <= ring->high.lat && p.lon >= ring->low.lon &&
           p.lon <= ring->high.lon;
}

/* Positive when c lies left of the way from a to b. */
static double side(struct cap_point a, struct cap_point b, struct cap_point c)
{
    return (b.lon - a.lon) * (c.lat - a.lat) - (c.lon - a.lon) * (b.lat - a.lat);
}

static bool on_edge(struct cap_point a, struct cap_point b, struct cap_point p)
{
    return side(a, b, p) == 0 && p.lat >= fmin(a.lat, b.lat) && p.lat <= fmax(a.lat, b.lat) &&
           p.lon >= fmin(a.lon, b.lon) && p.lon <= fmax(a.lon, b.lon);
}

static bool winds(const struct cap_ring *ring, struct cap_point p)
{
    long winding = 0;

    if (!in_box(ring, p))
        return false;
    for (size_t i = 0; i + 1 < ring->count; i++) {
        struct cap_point a = ring->points[i], b = ring->points[i + 1];

        if ((a.lat < p.lat && b.lat < p.lat) || (a.lat > p.lat && b.lat > p.lat))
            continue;
        if (on_edge(a, b, p))
            return true;
        if (a.lat <= p.lat && b.lat > p.lat && side(a, b, p) > 0)
            winding++;
        else if (a.lat > p.lat && b.lat <= p.lat && side(a, b, p) < 0)
            winding--;
    }
    return winding != 0;
}

/* The smallest number of turns that brings a longitude to or above `low`, as degrees to add. */
static double first_turn(double lon, double low)
{
    return 360 * ceil((low - lon) / 360);
}

bool cap_ring_covers(const struct cap_ring *ring, struct cap_point p)
{
    p.lon += first_turn(p.lon, ring->low.lon);
    for (; p.lon <= ring->high.lon; p.lon += 360) {
        if (winds(ring, p))
            return true;
    }
    return false;
}

/* Great-circle distance (haversine). */
static double distance_km(struct cap_point a, struct cap_point b)
{
    double rad = M_PI / 180;
    double lat = sin((b.lat - a.lat) * rad / 2);
    double lon = sin((b.lon - a.lon) * rad / 2);
    double h = lat * lat + cos(a.lat * rad) * cos(b.lat * rad) * lon * lon;

    return 2 * EARTH_KM * asin(sqrt(fmin(1, h)));
}

bool cap_circle_covers(const struct cap_circle *circle, struct cap_point p)
{
    /* Most are told apart by latitude alone. */
    return fabs(circle->centre.lat - p.lat) * KM_PER_DEGREE <= circle->radius_km + 1 &&
           distance_km(circle->centre, p) <= circle->radius_km;
}

static bool edges_cross(struct cap_point a, struct cap_point b, struct cap_point c,
                        struct cap_point d)
{
    double s1 = side(a, b, c), s2 = side(a, b, d), s3 = side(c, d, a), s4 = side(c, d, b);

    if (((s1 > 0) != (s2 > 0)) && ((s3 > 0) != (s4 > 0)))
        return true;
    return on_edge(a, b, c) || on_edge(a, b, d) || on_edge(c, d, a) || on_edge(c, d, b);
}

/* With b moved by whole turns. */
static bool any_edges_cross(const struct cap_ring *a, const struct cap_ring *b, double turn)
{
    for (size_t i = 0; i + 1 < a->count; i++) {
        struct cap_point p = a->points[i], q = a->points[i + 1];

        p.lon -= turn;
        q.lon -= turn;
        if (fmax(p.lat, q.lat) < b->low.lat || fmin(p.lat, q.lat) > b->high.lat ||
            fmax(p.lon, q.lon) < b->low.lon || fmin(p.lon, q.lon) > b->high.lon)
            continue;
        for (size_t k = 0; k + 1 < b->count; k++) {
            if (edges_cross(p, q, b->points[k], b->points[k + 1]))
                return true;
        }
    }
    return false;
}

bool cap_ring_meets(const struct cap_ring *a, const struct cap_ring *b)
{
    double turn = first_turn(b->high.lon, a->low.lon);

    if (cap_ring_covers(a, b->points[0]) || cap_ring_covers(b, a->points[0]))
        return true;
    for (; b->low.lon + turn <= a->high.lon; turn += 360) {
        if (any_edges_cross(a, b, turn))
            return true;
    }
    return false;
}

/* Distance from the origin to the edge, in kilometres on the plane that touches the Earth at the centre. */
static double edge_distance_km(struct cap_point centre, struct cap_point a, struct cap_point b)
{
    double east = KM_PER_DEGREE * cos(centre.lat * M_PI / 180);
    double ax = remainder(a.lon - centre.lon, 360) * east;
    double ay = (a.lat - centre.lat) * KM_PER_DEGREE;
    double dx = (b.lon - a.lon) * east;
    double dy = (b.lat - a.lat) * KM_PER_DEGREE;
    double length2 = dx * dx + dy * dy;
    double t = length2 > 0 ? fmax(0, fmin(1, -(ax * dx + ay * dy) / length2)) : 0;

    return hypot(ax + t * dx, ay + t * dy);
}

bool cap_circle_meets(const struct cap_circle *circle, const struct cap_ring *ring)
{
    double reach = (circle->radius_km + 1) / KM_PER_DEGREE;

    if (cap_ring_covers(ring, circle->centre))
        return true;
    if (ring->low.lat > circle->centre.lat + reach || ring->high.lat < circle->centre.lat - reach)
        return false;
    for (size_t i = 0; i + 1 < ring->count; i++) {
        if (cap_circle_covers(circle, ring->points[i]) ||
            edge_distance_km(circle->centre, ring->points[i], ring->points[i + 1]) <=
                circle->radius_km)
            return true;
    }
    return false;
}
