#include "command.h"
#include "table_args.h"

const struct command *command_at(size_t i)
{
    if (i < table_station_count)
        return &table_station[i];
    i -= table_station_count;
    if (i < table_programme_count)
        return &table_programme[i];
    i -= table_programme_count;
    return i < table_people_count ? &table_people[i] : NULL;
}
