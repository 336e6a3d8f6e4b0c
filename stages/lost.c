/* stages/lost.c - the rows of lost.csv that training wrote. */
#include "stages/lost.h"

#include "io/atomic.h"
#include "io/csv.h"

#include <string.h>

rp_status rp_lost_in_training(const char *path, rp_text *rows)
{
    RP_AUTO(rp_append) file = NULL; /* cuts off a last line without its end */
    RP_AUTO(rp_csv) csv = NULL;
    rp_path_info info;
    int stage;
    RP_TRY(rp_path_look(path, true, &info));
    if (info.kind != RP_PATH_FILE) return RP_OK;
    RP_TRY(rp_append_open(path, &file));
    RP_TRY(rp_append_close(&file));
    RP_TRY(rp_csv_read(path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "stage", &stage));
    for (int64_t i = 0; i < rp_csv_rows(csv); i++) {
        if (strcmp(rp_csv_text(csv, i, stage), RP_STAGE_OF_DAMAGE) != 0) continue;
        for (int c = 0; c < rp_csv_columns(csv); c++) rp_csv_put(rows, rp_csv_text(csv, i, c));
        rp_csv_end(rows);
    }
    return rp_text_status(rows);
}

rp_status rp_lost_is_told(const char *path, const char *case_name, bool *told)
{
    RP_AUTO(rp_csv) csv = NULL;
    int column, stage;
    *told = false;
    RP_TRY(rp_csv_read(path, ',', &csv));
    RP_TRY(rp_csv_column(csv, "case", &column));
    RP_TRY(rp_csv_column(csv, "stage", &stage));
    for (int64_t i = 0; i < rp_csv_rows(csv) && !*told; i++)
        *told = strcmp(rp_csv_text(csv, i, column), case_name) == 0 &&
                strcmp(rp_csv_text(csv, i, stage), RP_STAGE_OF_DAMAGE) == 0;
    return RP_OK;
}
