#include "alerttemplate.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

static const struct {
    const char *name, *title, *text;
    enum emergency_signal signal;
    bool drill;
} shipped[ALERTTEMPLATES] = {
    {"flood", "Cảnh báo lũ",
     "Cảnh báo lũ khẩn cấp. Hồi {thoi_gian}, nước lũ đang lên nhanh tại {noi}. Đề nghị bà con khẩn "
     "trương di chuyển người, tài sản và vật nuôi lên nơi cao; ngắt cầu dao điện trước khi rời "
     "nhà; "
     "tuyệt đối không đi qua ngầm tràn, không vớt củi trên sông suối. Người già, trẻ em và người "
     "khuyết tật cần được đưa đi trước. Bà con hãy làm theo hướng dẫn của chính quyền địa phương.",
     EMERGENCY_SIREN, false},
    {"storm", "Cảnh báo bão",
     "Cảnh báo bão khẩn cấp. Theo thông báo lúc {thoi_gian}, bão sẽ ảnh hưởng trực tiếp đến {noi}. "
     "Đề nghị bà con chằng chống nhà cửa, cắt tỉa cành cây, đưa tàu thuyền về nơi neo đậu an toàn; "
     "dự trữ nước uống, lương thực và đèn pin. Khi bão đổ bộ, hãy ở trong nhà kiên cố, tránh xa "
     "cửa "
     "kính và dây điện, không ra ngoài cho đến khi có thông báo an toàn.",
     EMERGENCY_SIREN, false},
    {"landslide", "Cảnh báo sạt lở đất",
     "Cảnh báo sạt lở đất khẩn cấp. Hồi {thoi_gian}, có nguy cơ sạt lở đất tại {noi}. Bà con sống "
     "ven sườn đồi, ven sông suối phải rời khỏi nhà ngay, đến nơi an toàn theo hướng dẫn của chính "
     "quyền địa phương. Không quay lại lấy tài sản. Không đi qua đoạn đường có đất đá rơi. Ai thấy "
     "vết nứt mới, nước suối đục bất thường hoặc nghe tiếng động lạ, hãy báo ngay cho trưởng thôn.",
     EMERGENCY_SIREN, false},
    {"fire", "Cảnh báo cháy",
     "Cảnh báo cháy khẩn cấp. Hồi {thoi_gian}, có đám cháy tại {noi}. Bà con ở gần hãy bình tĩnh "
     "rời "
     "khỏi khu vực cháy, cúi thấp người khi có khói, không dùng thang máy; ngắt điện và khóa bình "
     "ga nếu còn kịp. Đề nghị nhường đường cho xe chữa cháy. Khi cần cứu giúp, hãy gọi số một một "
     "bốn.",
     EMERGENCY_SIREN, false},
    {"evacuation", "Lệnh sơ tán",
     "Lệnh sơ tán khẩn cấp. Từ {thoi_gian}, toàn thể bà con tại {noi} phải sơ tán ngay đến "
     "{diem_den}. Hãy mang theo giấy tờ tùy thân, thuốc men, nước uống và quần áo ấm; ngắt điện, "
     "khóa bình ga trước khi đi; giúp đỡ người già, trẻ em, phụ nữ mang thai và người khuyết tật. "
     "Không quay về nhà cho đến khi có thông báo an toàn.",
     EMERGENCY_EVACUATE, false},
    {"lost_child", "Tìm trẻ lạc",
     "Thông báo khẩn tìm trẻ lạc. Vào khoảng {thoi_gian}, tại {noi}, một cháu bé bị lạc gia đình. "
     "Đặc điểm: {dac_diem}. Ai trông thấy cháu, xin giữ cháu ở nơi an toàn và báo ngay cho "
     "{lien_he}. Xin chân thành cảm ơn bà con.",
     EMERGENCY_TEST, false},
    {"drill", "Diễn tập",
     "Đài truyền thanh kiểm tra hệ thống cảnh báo khẩn cấp tại {noi} vào hồi {thoi_gian}. Bà con "
     "không cần sơ tán, mọi sinh hoạt vẫn diễn ra bình thường.",
     EMERGENCY_TEST, true},
    {"all_clear", "Báo yên",
     "Thông báo an toàn. Đến {thoi_gian}, tình trạng khẩn cấp tại {noi} đã chấm dứt. Bà con có thể "
     "trở lại sinh hoạt bình thường, nhưng vẫn cần chú ý theo dõi thông báo của đài truyền thanh. "
     "Xin cảm ơn bà con đã chấp hành tốt.",
     EMERGENCY_ALL_CLEAR, false},
};

void alerttemplate_shipped(size_t i, struct alerttemplate *ret_template)
{
    *ret_template = (struct alerttemplate){.signal = shipped[i].signal, .drill = shipped[i].drill};
    snprintf(ret_template->name, sizeof(ret_template->name), "%s", shipped[i].name);
    snprintf(ret_template->title, sizeof(ret_template->title), "%s", shipped[i].title);
    snprintf(ret_template->text, sizeof(ret_template->text), "%s", shipped[i].text);
}

enum err alerttemplate_find(const char *name, struct alerttemplate *ret_template)
{
    for (size_t i = 0; i < ALERTTEMPLATES; i++) {
        if (strcmp(shipped[i].name, name) == 0) {
            alerttemplate_shipped(i, ret_template);
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* Length of the blank that begins here with '{', 0 when it is none. */
static size_t blank_len(const char *at)
{
    size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

    return len > 0 && len < sizeof(((struct alerttemplate_value *)0)->name) && at[len + 1] == '}'
               ? len + 2
               : 0;
}

enum err alerttemplate_check(const struct alerttemplate *t, struct err_detail *detail)
{
    if (t->title[0] == '\0' || t->text[0] == '\0')
        return err_set(detail, ERR_FORMAT, "a template needs a title and a text");
    if (!utf8_valid(t->title, strlen(t->title), false) ||
        !utf8_valid(t->text, strlen(t->text), true))
        return err_set(detail, ERR_FORMAT, "a template is UTF-8 text without control characters");
    for (const char *at = t->text; *at != '\0'; at++) {
        size_t len = *at == '{' ? blank_len(at) : 1;

        if (len == 0 || *at == '}')
            return err_set(detail, ERR_FORMAT,
                           "a blank is written {name} with small letters and _, such as {noi}");
        at += len - 1;
    }
    return ERR_OK;
}

static const char *find_value(const char *blank, size_t len,
                              const struct alerttemplate_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(values[i].name) == len - 2 && strncmp(values[i].name, blank + 1, len - 2) == 0)
            return values[i].value;
    }
    return NULL;
}

enum err alerttemplate_fill(const char *text, const struct alerttemplate_value *values,
                            size_t count, char *ret_text, size_t size, struct err_detail *detail)
{
    size_t out = 0;

    while (*text != '\0') {
        size_t len = *text == '{' ? blank_len(text) : 0;
        const char *piece = len > 0 ? find_value(text, len, values, count) : text;
        size_t piece_len;

        if (piece == NULL)
            return err_set(detail, ERR_STATE,
                           "the blank %.*s is empty; give it a value, such as %.*s=...", (int)len,
                           text, (int)len - 2, text + 1);
        piece_len = len > 0 ? strlen(piece) : 1;
        if (out + piece_len >= size)
            return err_set(detail, ERR_LIMIT, "the text is too long; %zu bytes are allowed",
                           size - 1);
        memcpy(ret_text + out, piece, piece_len);
        out += piece_len;
        text += len > 0 ? len : 1;
    }
    ret_text[out] = '\0';
    return ERR_OK;
}

enum err alerttemplate_announce_drill(struct alert *a)
{
    char text[ALERT_TEXT_SIZE];
    char title[BULLETIN_TITLE_SIZE];
    int n = snprintf(text, sizeof(text),
                     "Diễn tập, diễn tập. Đây là buổi diễn tập, không phải tình huống thật. %s Xin "
                     "nhắc lại: đây chỉ là diễn tập, không phải tình huống thật.",
                     a->text);
    int m = strncmp(a->title, "Diễn tập", strlen("Diễn tập")) == 0
                ? snprintf(title, sizeof(title), "%s", a->title)
                : snprintf(title, sizeof(title), "Diễn tập: %s", a->title);

    if (n < 0 || (size_t)n >= sizeof(text) || m < 0 || (size_t)m >= sizeof(title))
        return ERR_LIMIT;
    memcpy(a->text, text, sizeof(text));
    memcpy(a->title, title, sizeof(title));
    return ERR_OK;
}
