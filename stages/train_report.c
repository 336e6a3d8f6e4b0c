/* stages/train_report.c - what an iteration's sum says: lost cases, steps that are not finite,
 * progress and checkpoints.  All decisions follow from numbers that every rank has. */
#include "stages/train_priv.h"

#include "io/csv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "stages/lost.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static rp_status note_lost(rp_train *t, int64_t index, int64_t sample)
{
    const rp_prepared_case *k = &t->run->set->prepared->list[index];
    t->lost[index] = 1;
    if (t->run->train_index != 0) return RP_OK;
    RP_AUTOFREE char *path = NULL;
    RP_TEXT_AUTO row = {0};
    rp_append *file = NULL;
    rp_log(RP_LOG_RUN, "train", k->name,
           "case '%s' is lost: damaged bytes under sample %" PRId64 " (log/ names the chunk)",
           k->name, sample);
    RP_TRY(rp_path_join(t->run->set->folder, "lost.csv", &path));
    bool told;
    RP_TRY(rp_lost_is_told(path, k->name, &told));
    if (told) return RP_OK;
    rp_csv_put(&row, k->name);
    rp_csv_put(&row, RP_STAGE_OF_DAMAGE);
    char reason[60];
    (void)snprintf(reason, sizeof reason, "damaged bytes under sample %" PRId64, sample);
    rp_csv_put(&row, reason);
    rp_csv_end(&row);
    RP_TRY(rp_text_status(&row));
    RP_TRY(rp_append_open(path, &file));
    const rp_status st = rp_append_line(file, rp_text_get(&row));
    const rp_status closed = rp_append_close(&file);
    return st != RP_OK ? st : closed;
}

rp_status rp_train_judge(rp_train *t, const rp_exchange_result *r)
{
    const rp_run_settings *set = t->run->set;
    const int units = rp_layout_units(set->batch, set->unit);
    int64_t not_finite = 0, lost = 0, first_bad = -1;
    for (int u = 0; u < units; u++) {
        const double *v = r->values + u * RP_VALUES;
        const int64_t sample = t->state.iteration * set->batch + (int64_t)u * set->unit,
                      index = (int64_t)v[RP_VALUE_CASE];
        if (v[RP_VALUE_STATE] == RP_UNIT_NOT_FINITE) {
            not_finite++;
            if (first_bad < 0) first_bad = sample;
        }
        if (v[RP_VALUE_STATE] != RP_UNIT_VOID) continue;
        t->state.void_samples++;
        if (!t->lost[index]) RP_TRY(note_lost(t, index, sample));
    }
    for (int64_t i = 0; i < t->cases; i++) lost += t->lost[i];
    const double limit = fmax(3, set->max_lost * (double)set->prepared->parts[RP_PART_TRAIN]);
    RP_NEED((double)lost <= limit, RP_EDATA,
            "%" PRId64 " of %" PRId64
            " training cases are damaged, more than train.max_lost allows: see lost.csv",
            lost, set->prepared->parts[RP_PART_TRAIN]);
    if (!isfinite(r->squared_norm)) not_finite++;
    t->state.only_void += r->valid == 0 && not_finite == 0;
    t->apply = r->valid > 0 && not_finite == 0;
    t->state.not_finite_row = not_finite ? t->state.not_finite_row + 1 : 0;
    if (not_finite) {
        t->state.not_finite++;
        if (t->run->train_index == 0)
            rp_log(RP_LOG_RUN, "train", NULL,
                   "iteration %" PRId64 ": loss or gradient is not finite (sample %" PRId64
                   "); the step is not applied",
                   t->state.iteration + 1, first_bad);
    }
    RP_NEED(
        t->state.not_finite_row < 3, RP_ENUM,
        "loss or gradient not finite in three iterations in a row, the last with samples %" PRId64
        " to %" PRId64 ": lower train.rate or look at these cases",
        t->state.iteration * set->batch, (t->state.iteration + 1) * set->batch - 1);
    return RP_OK;
}

static double mean_of(const rp_exchange_result *r, int units, int which)
{
    double sum = 0;
    int n = 0;
    for (int u = 0; u < units; u++)
        if (!r->is_void[u]) {
            sum += r->values[u * RP_VALUES + which];
            n++;
        }
    return n ? sum / n : 0;
}

rp_status rp_train_report(rp_train *t, const rp_exchange_result *r)
{
    const rp_run_settings *set = t->run->set;
    const int units = rp_layout_units(set->batch, set->unit);
    const double now = rp_clock_now(), seconds = now - t->iteration_started;
    RP_TEXT_AUTO line = {0};
    rp_text_add(&line, "%" PRId64 ",%.9g,%.9g,%.9g,%.9g,%.9g,%" PRId64 ",%.3f,%.2f,%.3f",
                t->state.iteration, mean_of(r, units, RP_VALUE_LOSS),
                mean_of(r, units, RP_VALUE_DICE), mean_of(r, units, RP_VALUE_CE),
                rp_rate_poly(set->rate, t->state.iteration - 1, set->iterations),
                sqrt(r->squared_norm), r->valid, seconds,
                seconds > 0 ? (double)r->valid / seconds : 0, t->waited);
    RP_TRY(rp_text_status(&line));
    RP_TRY(rp_append_line(t->progress, rp_text_get(&line)));
    const int64_t done = t->state.iteration - t->run->start_iteration;
    const double left =
        (now - t->started) / (double)done * (double)(set->iterations - t->state.iteration);
    if (set->progress)
        set->progress(set->progress_arg, t->state.iteration, mean_of(r, units, RP_VALUE_LOSS),
                      left);
    return RP_OK;
}

rp_status rp_train_open_progress(rp_train *t)
{
    RP_AUTOFREE char *path = NULL;
    RP_TRY(rp_path_join(t->run->set->folder, "progress.csv", &path));
    RP_TRY(rp_table_cut(path, t->state.iteration,
                        "iteration,loss,dice_term,ce_term,rate,gradient_norm,samples,seconds,"
                        "samples_per_s,wait_s"));
    return rp_append_open(path, &t->progress);
}

rp_status rp_train_checkpoint(rp_train *t)
{
    const rp_run_settings *set = t->run->set;
    const double begin = rp_clock_now();
    RP_TRY(rp_watch_grace(t->run->watch, 600));
    const float *open[2] = {NULL, NULL};
    t->state.open[0] = t->state.open[1] = -1;
    if (t->validate) (void)rp_validate_open(t->validate, t->state.open, open);
    const rp_checkpoint_content c = {.folder = set->folder,
                                     .identity = set->identity,
                                     .n = t->n,
                                     .states = t->optimiser->state,
                                     .weights = t->weights,
                                     .exchange = t->exchange,
                                     .velocity = t->velocity,
                                     .cases = t->cases,
                                     .lost = t->lost,
                                     .state = t->state,
                                     .open = {open[0], open[1]},
                                     .keep = set->keep};
    RP_TRY(rp_checkpoint_save(&c, t->run->train_comm));
    t->checkpoint_at = rp_clock_now();
    if (t->run->train_index == 0)
        rp_log(RP_LOG_STEP, "train", NULL, "checkpoint of iteration %" PRId64 " in %.2f s",
               t->state.iteration, t->checkpoint_at - begin);
    return RP_OK;
}
