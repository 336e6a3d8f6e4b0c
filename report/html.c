/* report/html.c - pieces of one page that stands alone. */
#include "report/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    ":root{--ink:#1b1f24;--soft:#5a6472;--line:#d5dae1;--tint:#f4f6f9;--mark:#0072b2}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;color:var(--ink);background:#fff;font:15px/1.5 system-ui,'DejaVu "
    "Sans',Arial,sans-serif}\n"
    "main,header{max-width:1120px;margin:0 auto;padding:0 24px}\n"
    "header{padding-top:28px}\n"
    "h1{font-size:26px;line-height:1.25;margin:0 0 4px}\n"
    "h2{font-size:20px;margin:40px 0 12px;padding-bottom:4px;border-bottom:2px solid var(--line)}\n"
    "h3{font-size:16px;margin:24px 0 8px}\n"
    "p{margin:8px 0;max-width:82ch}\n"
    "nav{margin:12px 0 0;font-size:14px}\n"
    "nav a{margin-right:16px}\n"
    "a{color:var(--mark)}\n"
    ".soft,figcaption,caption{color:var(--soft)}\n"
    "p.soft,figcaption,caption{font-size:13.5px}\n"
    ".absent{color:var(--soft);font-style:italic}\n"
    ".warning{border-left:4px solid #d55e00;background:#fdf3ec;padding:8px 12px}\n"
    "table{border-collapse:collapse;margin:12px "
    "0;font-size:14px;font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;padding-bottom:4px;white-space:nowrap}\n"
    "th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid "
    "var(--line);vertical-align:top}\n"
    "th{font-weight:600}\n"
    "td.number,th.number{text-align:right}\n"
    ".wide{overflow-x:auto}\n"
    ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:"
    "16px 0}\n"
    ".fact{background:var(--tint);border-radius:6px;padding:10px 14px}\n"
    ".fact b{display:block;font-size:22px;line-height:1.3}\n"
    ".fact span{color:var(--soft);font-size:13px}\n"
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(440px,1fr));gap:16px 28px}\n"
    ".pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:20px}\n"
    "figure{margin:8px 0;break-inside:avoid}\n"
    "figure svg{display:block;width:100%;max-width:780px;height:auto}\n"
    ".sheet{grid-template-columns:repeat(6,1fr);gap:10px}\n"
    ".sheet path.reference{stroke-width:2.6}\n"
    ".sheet path.prediction{stroke-width:1.3}\n"
    ".sheet figcaption{font-size:12px;line-height:1.35;overflow-wrap:anywhere}\n"
    ".pictures svg{background:#000}\n"
    "figcaption{margin-top:6px}\n"
    "svg text{font:12px system-ui,'DejaVu Sans',Arial,sans-serif;fill:var(--ink)}\n"
    "svg text.soft{fill:var(--soft)}\n"
    "svg text.title{font-size:14px;font-weight:600}\n"
    "details{margin:8px 0}\n"
    "summary{cursor:pointer}\n"
    "pre{background:var(--tint);padding:12px;overflow-x:auto;font-size:12.5px;line-height:1.4;"
    "white-space:pre-wrap;"
    "overflow-wrap:anywhere}\n"
    "code{font-size:13px}\n"
    "footer{margin:40px 0;color:var(--soft);font-size:13px}\n"
    "@media (max-width:720px){.charts,.pictures,.sheet{grid-template-columns:1fr}}\n"
    "@media "
    "print{@page{margin:14mm}body{font-size:11pt}main,header{max-width:none;padding:0}nav,."
    "download{display:none}"
    "h2,h3{break-after:avoid}tr{break-inside:avoid}.charts{grid-template-columns:1fr 1fr}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

/* Length of the UTF-8 sequence of at most n bytes at s (RFC 3629), 0 if it is none. */
static int64_t sequence(int64_t n, const unsigned char *s)
{
    const int64_t k = s[0] < 0x80                   ? 1
                      : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
                      : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
                      : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                                    : 0;
    if (k == 0 || k > n) return 0;
    for (int64_t i = 1; i < k; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (k == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) return 0;
    if (k == 3 && s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE)
        return 0; /* U+FFFE, U+FFFF: not in XML */
    if (k == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))) return 0;
    return k;
}

static const char *entity(unsigned char c)
{
    switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return c == '\t' || c == '\n' || (c >= 0x20 && c != 0x7F) ? NULL : "\xEF\xBF\xBD";
    }
}

void rp_html_bytes(rp_text *t, int64_t n, const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    for (int64_t i = 0, k; i < n; i += k) {
        k = sequence(n - i, p + i);
        const char *other = k == 0 ? "\xEF\xBF\xBD" : k == 1 ? entity(p[i]) : NULL;
        if (k == 0) k = 1;
        if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
            continue; /* CRLF ends a line as LF does */
        if (other)
            rp_text_add(t, "%s", other);
        else
            rp_text_add_bytes(t, k, p + i);
    }
}

void rp_html_text(rp_text *t, const char *s) { rp_html_bytes(t, (int64_t)strlen(s), s); }

static void say(rp_text *t, const char *fmt, va_list args)
{
    char small[512];
    va_list again;
    va_copy(again, args);
    const int n = vsnprintf(small, sizeof small, fmt, args);
    if (n >= 0 && n < (int)sizeof small) {
        rp_html_bytes(t, n, small);
    } else if (n >= 0) {
        char *big = NULL;
        const rp_status st = rp_alloc(n + 1, 1, &big);
        if (st == RP_OK) {
            (void)vsnprintf(big, (size_t)n + 1, fmt, again);
            rp_html_bytes(t, n, big);
        } else {
            t->status = st;
        }
        rp_free(big);
    }
    va_end(again);
}

void rp_html_say(rp_text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say(t, fmt, args);
    va_end(args);
}

void rp_html_paragraph(rp_text *t, const char *class_name, const char *fmt, ...)
{
    va_list args;
    rp_text_add(t, class_name[0] ? "<p class=\"%s\">" : "<p>", class_name);
    va_start(args, fmt);
    say(t, fmt, args);
    va_end(args);
    rp_text_add(t, "</p>\n");
}

void rp_html_short(double x, int digits, char out[40])
{
    const double size = fabs(x);
    if (x == 0) {
        (void)snprintf(out, 40, "0");
    } else if (size < 1e-4 || size >= 1e7) {
        (void)snprintf(out, 40, "%.*g", digits, x);
    } else if (x == rint(x)) {
        (void)snprintf(out, 40, "%.0f", x);
    } else {
        const int decimals = digits - 1 - (int)floor(log10(size));
        (void)snprintf(out, 40, "%.*f", decimals > 0 ? decimals : 0, x);
        for (char *end = out + strlen(out) - 1; decimals > 0 && (*end == '0' || *end == '.');
             end--) {
            const bool was_point = *end == '.';
            *end = 0;
            if (was_point) break;
        }
    }
}

void rp_html_number(rp_text *t, double x, int digits)
{
    char out[40];
    if (!isfinite(x)) {
        rp_text_add(t, "\xE2\x80\x93");
        return;
    }
    rp_html_short(x, digits, out);
    rp_text_add(t, "<data value=\"%.17g\">%s</data>", x, out);
}

void rp_html_base64(rp_text *t, int64_t n, const void *bytes)
{
    static const char letter[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    char out[1024];
    int k = 0;
    for (int64_t i = 0; i < n; i += 3) {
        const int have = n - i < 3 ? (int)(n - i) : 3;
        const uint32_t u = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                           (have > 2 ? p[i + 2] : 0);
        out[k++] = letter[u >> 18];
        out[k++] = letter[u >> 12 & 63];
        out[k++] = '=';
        out[k++] = '=';
        if (have > 1) out[k - 2] = letter[u >> 6 & 63];
        if (have > 2) out[k - 1] = letter[u & 63];
        if (k == (int)sizeof out) {
            rp_text_add_bytes(t, k, out);
            k = 0;
        }
    }
    rp_text_add_bytes(t, k, out);
}

void rp_html_download(rp_text *t, const char *name, const char *type, int64_t n, const void *bytes,
                      const char *says)
{
    rp_text_add(t, "<a class=\"download\" download=\"");
    rp_html_text(t, name);
    rp_text_add(t, "\" href=\"data:%s;base64,", type);
    rp_html_base64(t, n, bytes);
    rp_text_add(t, "\">");
    rp_html_text(t, says);
    rp_text_add(t, "</a>");
}

void rp_html_folded(rp_text *t, const char *summary, int64_t n, const char *text)
{
    rp_text_add(t, "<details><summary>");
    rp_html_text(t, summary);
    rp_text_add(t, "</summary><pre>");
    rp_html_bytes(t, n, text);
    rp_text_add(t, "</pre></details>\n");
}

void rp_html_table(rp_text *t, const char *caption, int columns, const char *const head[])
{
    rp_text_add(t, "<div class=\"wide\"><table>");
    if (caption[0]) {
        rp_text_add(t, "<caption>");
        rp_html_text(t, caption);
        rp_text_add(t, "</caption>");
    }
    rp_text_add(t, "<thead><tr>");
    for (int i = 0; i < columns; i++) {
        /* '#' in front: a column of numbers, set to the right */
        rp_text_add(t, head[i][0] == '#' ? "<th class=\"number\" scope=\"col\">"
                                         : "<th scope=\"col\">");
        rp_html_text(t, head[i] + (head[i][0] == '#'));
        rp_text_add(t, "</th>");
    }
    rp_text_add(t, "</tr></thead><tbody>\n");
}

void rp_html_row(rp_text *t) { rp_text_add(t, "<tr>"); }

void rp_html_cell(rp_text *t, const char *fmt, ...)
{
    va_list args;
    rp_text_add(t, "<td>");
    va_start(args, fmt);
    say(t, fmt, args);
    va_end(args);
    rp_text_add(t, "</td>");
}

void rp_html_cell_number(rp_text *t, double x, int digits)
{
    rp_text_add(t, "<td class=\"number\">");
    rp_html_number(t, x, digits);
    rp_text_add(t, "</td>");
}

void rp_html_row_end(rp_text *t) { rp_text_add(t, "</tr>\n"); }

void rp_html_table_end(rp_text *t) { rp_text_add(t, "</tbody></table></div>\n"); }

void rp_html_begin(rp_text *t, const char *title)
{
    rp_text_add(
        t, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    rp_html_text(t, title);
    rp_text_add(t, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
}

void rp_html_end(rp_text *t) { rp_text_add(t, "</body>\n</html>\n"); }
