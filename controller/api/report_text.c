#include "report_text.h"

#include <string.h>

#include "priority.h"

static const char *const group_heads[] = {"Ngày", "Tháng", "Mức"};
static const char *const heads[] = {
    "Dự kiến",   "Đã phát",         "Phát một phần",         "Không phát",     "Hủy trước giờ",
    "Chưa xong", "Micrô nghe được", "Micrô không nghe được", "Số giây đã phát"};
#define HEADS (sizeof(heads) / sizeof(heads[0]))

const char *report_zone_name(const struct report_head *head, struct zone_id zone)
{
    for (size_t i = 0; i < head->zone_count; i++)
        if (head->zones[i].id.v == zone.v)
            return head->zones[i].name;
    return "";
}

static const char *reason_text(size_t reason)
{
    static const struct {
        const char *name, *text;
    } texts[] = {
        {"expired", "hết hạn"},
        {"quiet_hours", "ngoài giờ được phát"},
        {"muted", "bị tắt tiếng"},
        {"preempted", "nhường bản tin khác"},
        {"stopped", "bị dừng"},
        {"no_media", "thiếu tư liệu âm thanh"},
        {"no_clock", "chưa có giờ đúng"},
        {"underrun", "âm thanh đến không kịp"},
        {"card_fault", "lỗi thiết bị âm thanh"},
        {"late", "bắt đầu muộn"},
        {"clock_jump", "giờ bị nhảy"},
        {"restarted", "cụm loa khởi động lại"},
        {"source_lost", "mất nguồn phát"},
        {"refused", "cụm loa từ chối lệnh"},
        {"not_reached", "không kết nối được"},
        {"no_receipt", "không có biên nhận"},
        {"station_down", "đài không hoạt động"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].name, report_reason_name(reason)) == 0)
            return texts[i].text;
    return "lý do khác";
}

/* "2026-11-23" as people here write it; months and levels likewise. */
static void write_group(const struct report *r, const struct report_row *row, FILE *out)
{
    static const char *const levels[] = {"", "Thông thường", "Ưu tiên", "Khẩn cấp"};

    if (r->by == REPORT_BY_LEVEL)
        fputs((size_t)row->level < 4 ? levels[row->level] : "", out);
    else if (r->by == REPORT_BY_MONTH)
        fprintf(out, "%.2s/%.4s", row->group + 5, row->group);
    else
        fprintf(out, "%.2s/%.2s/%.4s", row->group + 8, row->group + 5, row->group);
}

/* "không kết nối được: 2; bị dừng: 1" */
static void write_reasons(const struct report_row *row, FILE *out)
{
    const char *between = "";

    for (size_t i = 0; i < REPORT_REASONS; i++) {
        uint32_t count = row->missed_by[i] + row->partly_by[i];

        if (count > 0)
            fprintf(out, "%s%s: %u", between, reason_text(i), count);
        between = count > 0 ? "; " : between;
    }
}

static void write_numbers(const struct report_row *row, const char *before, const char *after,
                          const char *not_measured, FILE *out)
{
    const uint32_t *n = row->counts;

    fprintf(out, "%s%u%s", before, row->planned, after);
    fprintf(out, "%s%u%s", before, n[REPORT_SOUNDED], after);
    fprintf(out, "%s%u%s", before, n[REPORT_PARTLY], after);
    fprintf(out, "%s%u%s", before, n[REPORT_MISSED], after);
    fprintf(out, "%s%u%s", before, n[REPORT_CANCELLED], after);
    fprintf(out, "%s%u%s", before, n[REPORT_PENDING], after);
    if (row->heard + row->not_heard > 0) {
        fprintf(out, "%s%u%s", before, row->heard, after);
        fprintf(out, "%s%u%s", before, row->not_heard, after);
    } else {
        fprintf(out, "%s%s%s", before, not_measured, after);
        fprintf(out, "%s%s%s", before, not_measured, after);
    }
    fprintf(out, "%s%llu%s", before, (unsigned long long)(row->played_ms / 1000), after);
}

/* ---- CSV ---- */

static void write_cell(const char *text, FILE *out)
{
    fputc('"', out);
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void report_write_csv(const struct report *r, const struct report_head *head, FILE *out)
{
    struct report_row total = {.zone = {0}};

    fprintf(out, "\xEF\xBB\xBF%s,Khu vực", group_heads[r->by]);
    for (size_t i = 0; i < HEADS; i++)
        fprintf(out, ",%s", heads[i]);
    fputs(",Lý do\r\n", out);
    for (size_t i = 0; i <= r->count; i++) {
        const struct report_row *row = i < r->count ? &r->rows[i] : &total;

        if (i < r->count) {
            write_group(r, row, out);
            fputc(',', out);
            write_cell(report_zone_name(head, row->zone), out);
            report_sum(&total, row);
        } else {
            fputs("Tổng cộng,", out);
        }
        write_numbers(row, ",", "", "", out);
        fputs(",\"", out);
        write_reasons(row, out);
        fputs("\"\r\n", out);
    }
}

/* ---- HTML ---- */

static void write_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
            break;
        }
    }
}

static const char html_head[] =
    "<!DOCTYPE html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>Báo cáo phát thanh</title>\n<style>\n"
    "@page { size: A4 landscape; margin: 15mm; }\n"
    "body { font-family: \"Times New Roman\", serif; font-size: 11pt; margin: 0; }\n"
    "h1 { font-size: 16pt; text-align: center; margin: 6mm 0 2mm; }\n"
    "p { margin: 1mm 0; }\n.middle { text-align: center; }\n"
    "table { border-collapse: collapse; width: 100%; margin-top: 5mm; }\n"
    "thead { display: table-header-group; }\ntr { break-inside: avoid; }\n"
    "th, td { border: 1px solid #000; padding: 1mm 2mm; vertical-align: top; }\n"
    "td.n { text-align: right; }\ntr.total td { font-weight: bold; }\n"
    ".sign { width: 70mm; margin: 10mm 0 0 auto; text-align: center; }\n"
    "</style>\n</head>\n<body>\n";

static void write_date(const char *date, FILE *out)
{
    fprintf(out, "%.2s/%.2s/%.4s", date + 8, date + 5, date);
}

static void write_table_head(const struct report *r, FILE *out)
{
    fprintf(out, "<table>\n<thead><tr><th>%s</th><th>Khu vực</th>", group_heads[r->by]);
    for (size_t i = 0; i < HEADS; i++)
        fprintf(out, "<th>%s</th>", heads[i]);
    fputs("<th>Lý do</th></tr></thead>\n<tbody>\n", out);
}

void report_write_html(const struct report *r, const struct report_head *head, FILE *out)
{
    struct report_row total = {.zone = {0}};

    fputs(html_head, out);
    fputs("<p><strong>", out);
    write_escaped(head->station->name, out);
    fputs("</strong> (mã ", out);
    write_escaped(head->station->code, out);
    fputs(")</p>\n<h1>BÁO CÁO PHÁT THANH</h1>\n<p class=\"middle\">Từ ngày ", out);
    write_date(head->from, out);
    fputs(" đến ngày ", out);
    write_date(head->to, out);
    fputs("</p>\n", out);
    write_table_head(r, out);
    for (size_t i = 0; i <= r->count; i++) {
        const struct report_row *row = i < r->count ? &r->rows[i] : &total;

        fputs(i < r->count ? "<tr><td>" : "<tr class=\"total\"><td>Tổng cộng", out);
        if (i < r->count)
            write_group(r, row, out);
        fputs("</td><td>", out);
        if (i < r->count) {
            write_escaped(report_zone_name(head, row->zone), out);
            report_sum(&total, row);
        }
        fputs("</td>", out);
        write_numbers(row, "<td class=\"n\">", "</td>", "không đo", out);
        fputs("<td>", out);
        write_reasons(row, out);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>\n</table>\n<p>Mỗi số là số lượt cụm loa: một phiên phát ở một cụm loa. Số liệu "
          "lấy "
          "từ biên nhận phát do cụm loa tự gửi.</p>\n<p>Lập lúc ",
          out);
    write_escaped(head->made, out);
    fputs(" (giờ địa phương).</p>\n<p class=\"sign\">Người lập báo cáo<br>(ký, ghi rõ họ "
          "tên)</p>\n</body>\n</html>\n",
          out);
}
