/* io/safetensors.c - safetensors files. */
#include "io/safetensors.h"
#include "io/atomic.h"
#include "lib/base/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MOST = 100000000, LENGTH_BYTES = 8 };

struct rp_safetensors {
    rp_tree *tree; /* lends names and texts */
    int64_t count;
    rp_safetensor *tensor;
};

static rp_status count_of(const rp_safetensor *t, int64_t *count)
{
    RP_NEED(t->rank >= 0 && t->rank <= RP_SAFETENSORS_RANK, RP_EARG, "tensor '%s' of %d dimensions",
            t->name, t->rank);
    RP_TRY_IN(rp_product(t->rank, t->n, count), "tensor '%s'", t->name);
    RP_NEED(*count <= INT64_MAX / 8, RP_EARG, "tensor '%s' of %" PRId64 " elements", t->name,
            *count);
    return RP_OK;
}

static rp_status add_tensor(rp_text *json, const rp_safetensor *t, int64_t *at)
{
    int64_t count;
    RP_TRY(count_of(t, &count));
    rp_text_add_json(json, t->name);
    rp_text_add(json, ":{\"dtype\":\"F32\",\"shape\":[");
    for (int d = 0; d < t->rank; d++) rp_text_add(json, "%s%" PRId64, d ? "," : "", t->n[d]);
    rp_text_add(json, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", *at, *at + 4 * count);
    *at += 4 * count;
    return RP_OK;
}

static void add_notes(rp_text *json, int64_t notes, const rp_safetensors_note note[])
{
    rp_text_add(json, "\"__metadata__\":{");
    for (int64_t i = 0; i < notes; i++) {
        if (i) rp_text_add(json, ",");
        rp_text_add_json(json, note[i].key);
        rp_text_add(json, ":");
        rp_text_add_json(json, note[i].text);
    }
    rp_text_add(json, "}");
}

static rp_status check_names(int64_t tensors, const rp_safetensor tensor[])
{
    for (int64_t i = 0; i < tensors; i++) {
        RP_NEED(strcmp(tensor[i].name, "__metadata__") != 0, RP_EARG,
                "a tensor named '__metadata__'");
        for (int64_t j = 0; j < i; j++)
            RP_NEED(strcmp(tensor[i].name, tensor[j].name) != 0, RP_EARG, "two tensors '%s'",
                    tensor[i].name);
    }
    return RP_OK;
}

rp_status rp_safetensors_write(const char *path, int64_t tensors, const rp_safetensor tensor[],
                               int64_t notes, const rp_safetensors_note note[])
{
    RP_TEXT_AUTO json = {0};
    RP_TEXT_AUTO file = {0};
    int64_t at = 0;
    RP_TRY(check_names(tensors, tensor));
    rp_text_add(&json, "{");
    if (notes) add_notes(&json, notes, note);
    for (int64_t i = 0; i < tensors; i++) {
        if (i || notes) rp_text_add(&json, ",");
        RP_TRY(add_tensor(&json, &tensor[i], &at));
    }
    rp_text_add(&json, "}");
    while (json.length % 8 && json.status == RP_OK) rp_text_add(&json, " ");
    RP_TRY(rp_text_status(&json));
    RP_NEED(json.length <= HEADER_MOST, RP_EARG, "'%s': header of %" PRId64 " bytes", path,
            json.length);
    rp_text_add_bytes(&file, LENGTH_BYTES, &json.length);
    rp_text_add_bytes(&file, json.length, json.at);
    for (int64_t i = 0; i < tensors; i++) {
        int64_t count;
        RP_TRY(count_of(&tensor[i], &count));
        rp_text_add_bytes(&file, 4 * count, tensor[i].data);
    }
    RP_TRY(rp_text_status(&file));
    return rp_atomic_write(path, file.length, file.at);
}

void rp_safetensors_drop(rp_safetensors **s)
{
    if (!*s) return;
    for (int64_t i = 0; i < (*s)->count; i++) rp_free((void *)(uintptr_t)(*s)->tensor[i].data);
    rp_free((*s)->tensor);
    rp_tree_drop(&(*s)->tree);
    rp_free(*s);
    *s = NULL;
}

/* A tensor's place in the data, until it is read. */
typedef struct place {
    rp_safetensor tensor;
    int64_t begin, end;
} place;

static rp_status read_shape(const char *path, const rp_node *node, rp_safetensor *t)
{
    const rp_node *dtype = rp_node_get(node, "dtype"), *shape = rp_node_get(node, "shape");
    RP_NEED(dtype && dtype->kind == RP_NODE_SCALAR && shape && shape->kind == RP_NODE_LIST,
            RP_EDATA, "'%s': tensor '%s' has no dtype or shape", path, t->name);
    RP_NEED(strcmp(dtype->text, "F32") == 0, RP_EUNSUP, "'%s': tensor '%s' of dtype %s", path,
            t->name, dtype->text);
    RP_NEED(shape->count <= RP_SAFETENSORS_RANK, RP_EUNSUP,
            "'%s': tensor '%s' of %" PRId64 " dimensions", path, t->name, shape->count);
    t->rank = (int)shape->count;
    for (int d = 0; d < t->rank; d++)
        RP_NEED(rp_node_int(shape->child[d], &t->n[d]) && t->n[d] >= 0, RP_EDATA,
                "'%s': shape of tensor '%s'", path, t->name);
    return RP_OK;
}

static rp_status read_place(const char *path, const rp_node *node, place *p)
{
    int64_t count;
    if (node->kind != RP_NODE_MAP)
        RP_FAIL(RP_EDATA, "'%s': entry '%s' of the header", path, node->key);
    p->tensor.name = node->key;
    RP_TRY(read_shape(path, node, &p->tensor));
    const rp_node *offsets = rp_node_get(node, "data_offsets");
    RP_NEED(offsets && offsets->kind == RP_NODE_LIST && offsets->count == 2 &&
                rp_node_int(offsets->child[0], &p->begin) &&
                rp_node_int(offsets->child[1], &p->end),
            RP_EDATA, "'%s': tensor '%s' has no place", path, node->key);
    const rp_status st = count_of(&p->tensor, &count);
    RP_NEED(st == RP_OK && p->begin >= 0 && p->end >= p->begin && p->end - p->begin == 4 * count,
            RP_EDATA, "'%s': tensor '%s' does not fit its %" PRId64 " bytes", path, node->key,
            p->end - p->begin);
    return RP_OK;
}

static int by_place(const void *a, const void *b)
{
    const place *p = a, *q = b;
    if (p->begin != q->begin) return p->begin < q->begin ? -1 : 1;
    if (p->end != q->end) return p->end < q->end ? -1 : 1;
    return strcmp(p->tensor.name, q->tensor.name);
}

static rp_status read_tensors(const char *path, int64_t n, const char *data, rp_safetensors *s)
{
    const rp_node *root = rp_tree_root(s->tree);
    RP_AUTOFREE place *places = NULL;
    int64_t count = 0, at = 0;
    RP_NEED(root->kind == RP_NODE_MAP, RP_EDATA, "'%s': the header is no map", path);
    RP_TRY(rp_alloc(root->count, sizeof *places, &places));
    for (int64_t i = 0; i < root->count; i++)
        if (strcmp(root->child[i]->key, "__metadata__") != 0)
            RP_TRY(read_place(path, root->child[i], &places[count++]));
    if (count) qsort(places, (size_t)count, sizeof *places, by_place);
    RP_TRY(rp_alloc(count, sizeof *s->tensor, &s->tensor));
    for (int64_t i = 0; i < count; i++) {
        const place *p = &places[i];
        void *copy;
        RP_NEED(p->begin == at && p->end <= n, RP_EDATA,
                "'%s': tensor '%s' at bytes %" PRId64 " to %" PRId64
                " leaves a hole, overlaps or lies outside",
                path, p->tensor.name, p->begin, p->end);
        at = p->end;
        RP_TRY(rp_alloc_raw(p->end - p->begin, 1, &copy));
        memcpy(copy, data + p->begin, (size_t)(p->end - p->begin));
        s->tensor[s->count] = p->tensor;
        s->tensor[s->count++].data = copy;
    }
    RP_NEED(at == n, RP_EDATA, "'%s': %" PRId64 " bytes left over", path, n - at);
    return RP_OK;
}

rp_status rp_safetensors_read(const char *path, rp_safetensors **out)
{
    RP_TEXT_AUTO file = {0};
    RP_AUTO(rp_safetensors) s = NULL;
    uint64_t length = 0;
    RP_TRY(rp_file_read(path, INT64_MAX, &file));
    RP_NEED(file.length >= LENGTH_BYTES, RP_EDATA, "'%s': %" PRId64 " bytes", path, file.length);
    memcpy(&length, file.at, sizeof length);
    RP_NEED(length <= HEADER_MOST && (int64_t)length <= file.length - LENGTH_BYTES, RP_EDATA,
            "'%s': header of %" PRIu64 " bytes", path, length);
    RP_NEED(length > 0 && file.at[LENGTH_BYTES] == '{', RP_EDATA,
            "'%s': the header does not start with {", path);
    RP_TRY(rp_alloc(1, sizeof *s, &s));
    RP_TRY(rp_tree_json(path, (int64_t)length, file.at + LENGTH_BYTES, &s->tree));
    const int64_t front = LENGTH_BYTES + (int64_t)length;
    RP_TRY(read_tensors(path, file.length - front, file.at + front, s));
    *out = RP_TAKE(s);
    return RP_OK;
}

int64_t rp_safetensors_count(const rp_safetensors *s) { return s->count; }

const rp_safetensor *rp_safetensors_at(const rp_safetensors *s, int64_t i) { return &s->tensor[i]; }

const rp_safetensor *rp_safetensors_find(const rp_safetensors *s, const char *name)
{
    for (int64_t i = 0; i < s->count; i++)
        if (strcmp(s->tensor[i].name, name) == 0) return &s->tensor[i];
    return NULL;
}

const char *rp_safetensors_text(const rp_safetensors *s, const char *key)
{
    const rp_node *notes = rp_node_get(rp_tree_root(s->tree), "__metadata__");
    const rp_node *text = notes && notes->kind == RP_NODE_MAP ? rp_node_get(notes, key) : NULL;
    return text && text->kind == RP_NODE_SCALAR ? text->text : NULL;
}
