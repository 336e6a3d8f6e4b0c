/* stages/predict.c - predictions by sliding window, case by case over the farm. */
#include "stages/predict.h"

#include "cohort/work.h"
#include "io/atomic.h"
#include "io/csv.h"
#include "io/nifti.h"
#include "lib/image/components.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

struct rp_predictor {
    rp_predictor_settings set;
    rp_engine *engine;
};

rp_status rp_predictor_new(const rp_predictor_settings *s, rp_predictor **out)
{
    RP_AUTO(rp_predictor) p = NULL;
    RP_TRY(rp_alloc(1, sizeof *p, &p));
    p->set = *s;
    const rp_engine_settings e = {.net = s->net,
                                  .patch = {s->patch[0], s->patch[1], s->patch[2]},
                                  .train = false,
                                  .threads = s->threads,
                                  .kernels = s->kernels};
    RP_TRY(rp_engine_new(&e, &p->engine));
    RP_TRY(rp_engine_weights(p->engine, s->weights));
    *out = RP_TAKE(p);
    return RP_OK;
}

void rp_predictor_drop(rp_predictor **p)
{
    if (!*p) return;
    rp_engine_drop(&(*p)->engine);
    rp_free(*p);
    *p = NULL;
}

static rp_status predict_patch(void *arg, const float image[], float logits[])
{
    rp_predictor *p = arg;
    if (p->set.patches) (void)atomic_fetch_add(p->set.patches, 1);
    return rp_engine_infer(p->engine, image, logits);
}

/* Where the planes of the window go. */
typedef struct volume {
    float *logits; /* [classes][n] */
    int classes;
    int64_t n[3];
} volume;

static rp_status take_plane(void *arg, int64_t z, const float logits[])
{
    const volume *v = arg;
    const int64_t plane = v->n[1] * v->n[2];
    for (int c = 0; c < v->classes; c++)
        memcpy(v->logits + (c * v->n[0] + z) * plane, logits + c * plane,
               (size_t)plane * sizeof *logits);
    return RP_OK;
}

/* Sets all but the largest part to background; of equal parts the first in voxel order stays. */
static rp_status keep_largest(const int64_t n[3], uint8_t labels[])
{
    const int64_t voxels = n[0] * n[1] * n[2];
    RP_AUTOFREE int32_t *part = NULL;
    RP_AUTOFREE int64_t *size = NULL;
    int32_t count, best = 1;
    RP_TRY(rp_alloc_raw(voxels, sizeof *part, &part));
    RP_TRY(rp_components_find(n, labels, RP_NEIGHBOURS_26, part, &count));
    RP_TRY(rp_alloc(count + 1, sizeof *size, &size));
    for (int64_t i = 0; i < voxels; i++) size[part[i]]++;
    for (int32_t k = 2; k <= count; k++)
        if (size[k] > size[best]) best = k;
    for (int64_t i = 0; i < voxels; i++)
        if (part[i] != best) labels[i] = 0;
    return RP_OK;
}

static rp_window window_of(const rp_predictor *p, const rp_case_image *image)
{
    const rp_predictor_settings *s = &p->set;
    const int64_t *n = image->from.n;
    return (rp_window){.channels = image->inputs,
                       .classes = s->net->classes,
                       .size = {n[0], n[1], n[2]},
                       .patch = {s->patch[0], s->patch[1], s->patch[2]},
                       .step = s->step,
                       .mirror = {s->mirror && s->patch[0] > 1, s->mirror, s->mirror},
                       .padding = image->outside};
}

rp_status rp_predictor_case(rp_predictor *p, const rp_case_image *image, uint8_t out[])
{
    const rp_predictor_settings *s = &p->set;
    const int64_t *n = image->from.n;
    RP_AUTOFREE float *logits = NULL;
    RP_TRY(rp_alloc_raw(n[0] * n[1] * n[2] * s->net->classes, sizeof *logits, &logits));
    volume v = {logits, s->net->classes, {n[0], n[1], n[2]}};
    const rp_window w = window_of(p, image);
    RP_TRY(rp_window_run(&w, image->image, predict_patch, p, take_plane, &v));
    RP_TRY(rp_recipe_restore(s->recipe, &image->from, s->net->classes, logits, out));
    return s->largest ? keep_largest(image->from.source.n, out) : RP_OK;
}

rp_status rp_predictor_prepared(rp_predictor *p, const rp_case_image *image, uint8_t out[])
{
    const rp_window w = window_of(p, image);
    return rp_window_labels(&w, image->image, predict_patch, p, out, NULL);
}

/* The predictor is made on the thread that uses it, at its first task. */
typedef struct working {
    const rp_test_run *test;
    const rp_predict_run *plain;
    int64_t *index; /* [tasks] in prepared, or in the cohort */
    rp_predictor *predictor;
} working;

static rp_status write_mask(const char *folder, const char *name, const rp_grid *grid,
                            uint8_t *labels)
{
    RP_AUTOFREE char *path = NULL;
    const rp_volume v = {.grid = *grid, .dtype = RP_U8, .scale = 1, .data = labels};
    RP_TRY(rp_format(&path, "%s/%s.nii.gz", folder, name));
    return rp_nifti_write(path, &v);
}

static rp_status test_case(void *arg, int64_t task, rp_text *result)
{
    working *w = arg;
    const rp_test_run *t = w->test;
    const int64_t index = w->index[task];
    const rp_prepared_case *k = &t->prepared->list[index];
    const int64_t voxels = rp_grid_voxels(&k->from.source);
    RP_AUTO(rp_case_image) image = NULL;
    RP_AUTOFREE uint8_t *prediction = NULL, *turned = NULL, *reference = NULL;
    RP_AUTOFREE char *folder = NULL;
    if (!w->predictor) RP_TRY(rp_predictor_new(&t->predictor, &w->predictor));
    RP_TRY(rp_alloc_raw(voxels, 1, &prediction));
    RP_TRY(rp_alloc_raw(voxels, 1, &turned));
    RP_TRY(rp_alloc_raw(voxels, 1, &reference));
    RP_TRY(rp_prepared_case_image(t->prepared, index, &image, NULL));
    RP_TRY(rp_predictor_case(w->predictor, image, prediction));
    RP_TRY(rp_prepare_labels(t->prepare, k->cohort_index, &k->from, turned));
    rp_orient_undo(&k->from.source, &k->from.orient, 1, turned, reference);
    RP_TRY(rp_path_join(t->folder, "predictions", &folder));
    RP_TRY(write_mask(folder, k->name, &k->from.source, prediction));
    for (int i = 0; i < t->prepared->recipe.labels; i++) {
        rp_score s;
        RP_TRY(rp_score_label(k->from.source.n, k->from.source.spacing, reference, prediction,
                              (uint8_t)(i + 1), &s));
        rp_score_row(result, k->name, t->prepared->recipe.label[i], &s);
    }
    return rp_text_status(result);
}

static rp_status list_test(const rp_prepared *p, int64_t **index, double **cost, int64_t *tasks)
{
    *tasks = 0;
    RP_TRY(rp_alloc(p->cases, sizeof **index, index));
    RP_TRY(rp_alloc(p->cases, sizeof **cost, cost));
    for (int64_t i = 0; i < p->cases; i++) {
        if (p->list[i].part != RP_PART_TEST) continue;
        const int64_t *n = p->list[i].from.n;
        (*cost)[*tasks] = (double)(n[0] * n[1] * n[2]);
        (*index)[(*tasks)++] = i;
    }
    return RP_OK;
}

static rp_status write_scores(const rp_test_run *t, const working *w, const rp_farm_results *f,
                              rp_text *cases, rp_text *summary, rp_text *lost)
{
    rp_score_header(cases);
    for (int64_t i = 0; i < f->tasks; i++) {
        if (f->result[i].state == RP_FARM_IS_DONE) {
            rp_text_add(cases, "%s", f->result[i].bytes);
            continue;
        }
        rp_csv_put(lost, t->prepared->list[w->index[i]].name);
        rp_csv_put(lost, "evaluate");
        rp_csv_put(lost, f->result[i].bytes ? f->result[i].bytes : "");
        rp_csv_end(lost);
    }
    RP_TRY(rp_score_summary(cases, summary));
    RP_TRY(rp_atomic_publish(t->folder, "metrics-cases.csv", cases));
    return rp_atomic_publish(t->folder, "metrics.csv", summary);
}

rp_status rp_test_cases(const rp_test_run *t, rp_text *cases, rp_text *summary, rp_text *lost)
{
    RP_AUTOFREE int64_t *index = NULL;
    RP_AUTOFREE double *cost = NULL;
    RP_AUTOFREE char *folder = NULL, *journal = NULL;
    RP_AUTO(rp_farm_results) f = NULL;
    int64_t tasks;
    working w = {.test = t};
    rp_status st = list_test(t->prepared, &index, &cost, &tasks);
    if (st == RP_OK) st = rp_path_join(t->folder, "predictions", &folder);
    if (st == RP_OK) st = rp_path_join(t->folder, "journal", &journal);
    if (st == RP_OK && rp_comm_rank(t->comm) == 0) st = rp_path_make_folder(folder);
    RP_TRY(rp_comm_agree(t->comm, st));
    w.index = index;
    const rp_work work = {.comm = t->comm,
                          .pool = t->compute,
                          .folder = journal,
                          .phase = "evaluate",
                          .title = "predicting test cases",
                          .digest = t->digest,
                          .tasks = tasks,
                          .cost = cost,
                          .run = test_case,
                          .arg = &w,
                          .stop = t->stop,
                          .stop_arg = t->stop_arg};
    st = rp_work_run(&work, &f);
    rp_predictor_drop(&w.predictor);
    RP_TRY(st);
    if (rp_comm_rank(t->comm) == 0) st = write_scores(t, &w, f, cases, summary, lost);
    return rp_comm_agree(t->comm, st);
}

static rp_status predict_case(void *arg, int64_t task, rp_text *result)
{
    working *w = arg;
    const rp_predict_run *t = w->plain;
    RP_AUTO(rp_case_image) image = NULL;
    RP_AUTOFREE uint8_t *labels = NULL;
    if (!w->predictor) RP_TRY(rp_predictor_new(&t->predictor, &w->predictor));
    RP_TRY(rp_recipe_apply(t->predictor.recipe, t->cohort, task, &image));
    RP_TRY(rp_alloc_raw(rp_grid_voxels(&image->from.source), 1, &labels));
    RP_TRY(rp_predictor_case(w->predictor, image, labels));
    rp_text_add(result, "done");
    return write_mask(t->folder, t->cohort->list[task].name, &image->from.source, labels);
}

rp_status rp_predict_cohort(const rp_predict_run *t, int64_t *predicted, rp_text *lost)
{
    RP_AUTOFREE double *cost = NULL;
    RP_AUTO(rp_farm_results) f = NULL;
    working w = {.plain = t};
    rp_status st = rp_alloc(t->cohort->cases, sizeof *cost, &cost);
    if (st == RP_OK && rp_comm_rank(t->comm) == 0) st = rp_path_make_folder(t->folder);
    RP_TRY(rp_comm_agree(t->comm, st));
    for (int64_t i = 0; i < t->cohort->cases; i++) {
        const rp_cohort_volume *v =
            rp_cohort_find_volume(t->cohort, i, t->predictor.recipe->input[0].name);
        cost[i] = v ? (double)rp_grid_voxels(&v->grid) : 1;
    }
    const rp_work work = {.comm = t->comm,
                          .pool = t->compute,
                          .phase = "predict",
                          .title = "predicting",
                          .digest = "",
                          .tasks = t->cohort->cases,
                          .cost = cost,
                          .run = predict_case,
                          .arg = &w,
                          .stop = t->stop,
                          .stop_arg = t->stop_arg,
                          .results_everywhere = true};
    st = rp_work_run(&work, &f);
    rp_predictor_drop(&w.predictor);
    RP_TRY(st);
    *predicted = 0;
    for (int64_t i = 0; i < f->tasks; i++) {
        *predicted += f->result[i].state == RP_FARM_IS_DONE;
        if (f->result[i].state == RP_FARM_IS_DONE) continue;
        rp_csv_put(lost, t->cohort->list[i].name);
        rp_csv_put(lost, "predict");
        rp_csv_put(lost, f->result[i].bytes ? f->result[i].bytes : "");
        rp_csv_end(lost);
    }
    return RP_OK;
}
