#include "cap_words.h"

#include <string.h>

const struct cap_words cap_words_status = {{"", "Actual", "Exercise", "System", "Test", "Draft"}};
const struct cap_words cap_words_type = {{"", "Alert", "Update", "Cancel", "Ack", "Error"}};
const struct cap_words cap_words_scope = {{"", "Public", "Restricted", "Private"}};
const struct cap_words cap_words_urgency = {
    {"", "Immediate", "Expected", "Future", "Past", "Unknown"}};
const struct cap_words cap_words_severity = {
    {"", "Extreme", "Severe", "Moderate", "Minor", "Unknown"}};
const struct cap_words cap_words_certainty = {
    {"", "Observed", "Likely", "Possible", "Unlikely", "Unknown"}};
const struct cap_words cap_words_category = {{"", "Geo", "Met", "Safety", "Security", "Rescue",
                                              "Fire", "Health", "Env", "Transport", "Infra",
                                              "CBRNE", "Other"}};
const struct cap_words cap_words_response = {{"", "Shelter", "Evacuate", "Prepare", "Execute",
                                              "Avoid", "Monitor", "Assess", "AllClear", "None"}};
const struct cap_words cap_words_level = {{"none", "normal", "priority", "emergency"}};
const struct cap_words cap_words_action = {{"log", "inbox", "sound", "stop"}};

int cap_words_find(const struct cap_words *table, const char *text, size_t len)
{
    for (int i = 1; table->words[i] != NULL; i++) {
        if (strlen(table->words[i]) == len && memcmp(table->words[i], text, len) == 0)
            return i;
    }
    return 0;
}
