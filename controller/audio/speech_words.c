#include "speech_words.h"

#include <stdbool.h>
#include <string.h>

#include <utf8proc.h>

struct word {
    const char *written;
    const char *spoken;
};

static const struct word abbreviations[] = {
    {"UBND", "Ủy ban nhân dân"},
    {"HĐND", "Hội đồng nhân dân"},
    {"MTTQ", "Mặt trận Tổ quốc"},
    {"UBMTTQ", "Ủy ban Mặt trận Tổ quốc"},
    {"HTX", "hợp tác xã"},
    {"NTM", "nông thôn mới"},
    {"KT-XH", "kinh tế xã hội"},
    {"VH-XH", "văn hóa xã hội"},
    {"QP-AN", "quốc phòng an ninh"},
    {"GD&ĐT", "giáo dục và đào tạo"},
    {"KHHGĐ", "kế hoạch hóa gia đình"},
    {"DS-KHHGĐ", "dân số kế hoạch hóa gia đình"},
    {"LĐTBXH", "lao động thương binh và xã hội"},
    {"THCS", "trung học cơ sở"},
    {"THPT", "trung học phổ thông"},
    {"BHYT", "bảo hiểm y tế"},
    {"BHXH", "bảo hiểm xã hội"},
    {"BHTN", "bảo hiểm thất nghiệp"},
    {"CCCD", "căn cước công dân"},
    {"CMND", "chứng minh nhân dân"},
    {"GPLX", "giấy phép lái xe"},
    {"PCCC", "phòng cháy chữa cháy"},
    {"CNCH", "cứu nạn cứu hộ"},
    {"PCTT", "phòng chống thiên tai"},
    {"TKCN", "tìm kiếm cứu nạn"},
    {"PCLB", "phòng chống lụt bão"},
    {"ATNĐ", "áp thấp nhiệt đới"},
    {"ATGT", "an toàn giao thông"},
    {"TTATGT", "trật tự an toàn giao thông"},
    {"ANTT", "an ninh trật tự"},
    {"ATTP", "an toàn thực phẩm"},
    {"ATVSTP", "an toàn vệ sinh thực phẩm"},
    {"VSMT", "vệ sinh môi trường"},
    {"CSGT", "cảnh sát giao thông"},
    {"NVQS", "nghĩa vụ quân sự"},
    {"TNCS", "thanh niên cộng sản"},
    {"LHPN", "liên hiệp phụ nữ"},
    {"CCB", "cựu chiến binh"},
    {"HCM", "Hồ Chí Minh"},
    {"TP.HCM", "thành phố Hồ Chí Minh"},
    {"TPHCM", "thành phố Hồ Chí Minh"},
    {"TP", "thành phố"},
    {"TP.", "thành phố"},
    {"TX.", "thị xã"},
    {"QĐ", "quyết định"},
    {"NQ", "nghị quyết"},
    {"NĐ-CP", "nghị định của Chính phủ"},
    {"NĐ", "nghị định"},
    {"TTg", "Thủ tướng Chính phủ"},
    {"CHXHCN", "Cộng hòa xã hội chủ nghĩa"},
    {"VN", "Việt Nam"},
    {"SĐT", "số điện thoại"},
    {"ĐT", "điện thoại"},
    {"PGS.TS", "phó giáo sư tiến sĩ"},
    {"GS.TS", "giáo sư tiến sĩ"},
    {"PGS.", "phó giáo sư"},
    {"GS.", "giáo sư"},
    {"TS.", "tiến sĩ"},
    {"ThS.", "thạc sĩ"},
    {"BS.", "bác sĩ"},
    {"v.v.", "vân vân"},
    {"v.v", "vân vân"},
};

static const struct word units[] = {
    {"%", "phần trăm"},
    {"‰", "phần nghìn"},
    {"°C", "độ xê"},
    {"ºC", "độ xê"},
    {"°", "độ"},
    {"km/h", "ki lô mét một giờ"},
    {"km/giờ", "ki lô mét một giờ"},
    {"m/s", "mét một giây"},
    {"km2", "ki lô mét vuông"},
    {"km²", "ki lô mét vuông"},
    {"m2", "mét vuông"},
    {"m²", "mét vuông"},
    {"m3/s", "mét khối một giây"},
    {"m³/s", "mét khối một giây"},
    {"m3", "mét khối"},
    {"m³", "mét khối"},
    {"km", "ki lô mét"},
    {"hm", "héc tô mét"},
    {"dm", "đề xi mét"},
    {"cm", "xen ti mét"},
    {"mm", "mi li mét"},
    {"m", "mét"},
    {"ha", "héc ta"},
    {"kg", "ki lô gam"},
    {"mg", "mi li gam"},
    {"g", "gam"},
    {"lít", "lít"},
    {"l", "lít"},
    {"ml", "mi li lít"},
    {"kV", "ki lô vôn"},
    {"V", "vôn"},
    {"kWh", "ki lô oát giờ"},
    {"kW", "ki lô oát"},
    {"MW", "mê ga oát"},
    {"W", "oát"},
    {"VNĐ", "đồng"},
    {"VND", "đồng"},
    {"đ", "đồng"},
    {"USD", "đô la Mỹ"},
    {"tr.đ", "triệu đồng"},
};

static const struct word letters[] = {
    {"A", "a"},   {"B", "bê"}, {"C", "xê"},  {"D", "dê"}, {"Đ", "đê"}, {"E", "e"},
    {"F", "ép"},  {"G", "gờ"}, {"H", "hát"}, {"I", "i"},  {"J", "gi"}, {"K", "ca"},
    {"L", "lờ"},  {"M", "mờ"}, {"N", "nờ"},  {"O", "o"},  {"P", "pê"}, {"Q", "quy"},
    {"R", "rờ"},  {"S", "sờ"}, {"T", "tê"},  {"U", "u"},  {"V", "vê"}, {"W", "vê kép"},
    {"X", "ích"}, {"Y", "y"},  {"Z", "dét"},
};

/* Does a word go on here? */
static bool goes_on(const char *text)
{
    const char *category;
    utf8proc_int32_t c;

    if (utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c) <= 0)
        return false;
    category = utf8proc_category_string(c);
    return category[0] == 'L' || category[0] == 'M' || strcmp(category, "Nd") == 0;
}

static const char *longest(const struct word *words, size_t count, const char *text,
                           size_t *ret_len)
{
    const char *spoken = NULL;
    size_t best = 0;

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(words[i].written);

        if (len > best && strncmp(text, words[i].written, len) == 0 && !goes_on(text + len)) {
            best = len;
            spoken = words[i].spoken;
        }
    }
    if (spoken != NULL)
        *ret_len = best;
    return spoken;
}

const char *speech_words_abbreviation(const char *text, size_t *ret_len)
{
    return longest(abbreviations, sizeof(abbreviations) / sizeof(abbreviations[0]), text, ret_len);
}

const char *speech_words_unit(const char *text, size_t *ret_len)
{
    return longest(units, sizeof(units) / sizeof(units[0]), text, ret_len);
}

const char *speech_words_letter(const char *text, size_t *ret_len)
{
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        size_t len = strlen(letters[i].written);

        if (strncmp(text, letters[i].written, len) == 0) {
            *ret_len = len;
            return letters[i].spoken;
        }
    }
    return NULL;
}
