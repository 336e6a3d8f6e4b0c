/* lib/net/kernel_list.c - a list of choices: reading, writing, looking up. */
#include "lib/net/kernel_list.h"

#include "lib/base/tree.h"

#include <inttypes.h>
#include <string.h>

/* The numbers of a layer: key, how many, where they lie in a shape. */
static const struct field {
    const char *key;
    int count;
    size_t offset;
} fields[] = {
    {"channels", 2, offsetof(rp_conv_shape, big_channels)},
    {"big", 3, offsetof(rp_conv_shape, big)},
    {"small", 3, offsetof(rp_conv_shape, small)},
    {"kernel", 3, offsetof(rp_conv_shape, kernel)},
    {"stride", 3, offsetof(rp_conv_shape, stride)},
    {"pad", 3, offsetof(rp_conv_shape, pad)},
};
enum { FIELDS = sizeof fields / sizeof *fields };
_Static_assert(offsetof(rp_conv_shape, small_channels) ==
                   offsetof(rp_conv_shape, big_channels) + sizeof(int64_t),
               "both channels are one field");

static int64_t *numbers(rp_conv_shape *s, const struct field *f)
{
    return (int64_t *)(void *)((char *)s + f->offset);
}

static bool same_shape(const rp_conv_shape *a, const rp_conv_shape *b)
{
    bool same = true;
    for (int i = 0; i < FIELDS; i++)
        same =
            same && memcmp((const char *)a + fields[i].offset, (const char *)b + fields[i].offset,
                           (size_t)fields[i].count * sizeof(int64_t)) == 0;
    return same;
}

void rp_kernel_list_drop(rp_kernel_list **list)
{
    if (*list) rp_free((*list)->layer);
    rp_free(*list);
    *list = NULL;
}

rp_kernel_layer *rp_kernel_list_find(const rp_kernel_list *list, const rp_conv_shape *shape)
{
    for (int64_t i = 0; i < list->count; i++)
        if (same_shape(&list->layer[i].shape, shape)) return &list->layer[i];
    return NULL;
}

rp_status rp_kernel_list_add(rp_kernel_list *list, const rp_conv_shape *shape,
                             rp_kernel_layer **out)
{
    RP_TRY(rp_grow(list->count + 1, sizeof *list->layer, &list->capacity, &list->layer));
    rp_kernel_layer *l = &list->layer[list->count++];
    *l = (rp_kernel_layer){.shape = *shape};
    l->shape.view = l->shape.add = l->shape.precise = false;
    *out = l;
    return RP_OK;
}

/* ---- reading ---- */

#define AT(n) name, (n)->line, (n)->column

static rp_status read_numbers(const char *name, const rp_node *n, const struct field *f,
                              rp_conv_shape *s)
{
    RP_NEED(n->kind == RP_NODE_LIST && n->count == f->count, RP_EDATA,
            "%s:%d:%d: %s: must be %d whole numbers", AT(n), f->key, f->count);
    for (int i = 0; i < f->count; i++)
        RP_NEED(rp_node_int(n->child[i], &numbers(s, f)[i]), RP_EDATA,
                "%s:%d:%d: %s: must be %d whole numbers", AT(n), f->key, f->count);
    return RP_OK;
}

static rp_status read_row(const char *name, const rp_node *n, const rp_kernel_row **out)
{
    RP_NEED(n->kind == RP_NODE_SCALAR, RP_EDATA, "%s:%d:%d: %s: must be a row of the kernel table",
            AT(n), n->key);
    *out = rp_kernel_find(n->text);
    if (*out) return RP_OK;
    RP_TEXT_AUTO known = {0};
    rp_kernel_names(&known);
    RP_FAIL(RP_EUSE, "%s:%d:%d: %s: no kernel row '%s'; %s are possible", AT(n), n->key, n->text,
            rp_text_get(&known));
}

/* Times of the operations; they need not be there. */
static rp_status read_seconds(const char *name, const rp_node *n, double seconds[RP_OP_COUNT])
{
    bool good = n->kind == RP_NODE_LIST && n->count == RP_OP_COUNT;
    for (int op = 0; good && op < RP_OP_COUNT; op++)
        good = rp_node_double(n->child[op], &seconds[op]);
    RP_NEED(good, RP_EDATA, "%s:%d:%d: seconds: must be %d numbers", AT(n), RP_OP_COUNT);
    return RP_OK;
}

static rp_status read_key(const char *name, const rp_node *n, rp_kernel_layer *l, int *given)
{
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(n->key, fields[i].key) == 0) {
            *given += 1;
            return read_numbers(name, n, &fields[i], &l->shape);
        }
    for (int op = 0; op < RP_OP_COUNT; op++)
        if (strcmp(n->key, rp_op_name((rp_op)op)) == 0) return read_row(name, n, &l->row[op]);
    RP_NEED(strcmp(n->key, "seconds") == 0, RP_EDATA, "%s:%d:%d: a layer has no key '%s'", AT(n),
            n->key);
    return read_seconds(name, n, l->seconds);
}

static rp_status read_layer(const char *name, const rp_node *n, rp_kernel_list *list)
{
    rp_kernel_layer l = {0}, *added;
    int given = 0;
    RP_NEED(n->kind == RP_NODE_MAP, RP_EDATA, "%s:%d:%d: a layer must be a map", AT(n));
    for (int64_t i = 0; i < n->count; i++) RP_TRY(read_key(name, n->child[i], &l, &given));
    RP_NEED(given == FIELDS, RP_EDATA,
            "%s:%d:%d: a layer needs channels, big, small, kernel, stride and pad", AT(n));
    RP_NEED(!rp_kernel_list_find(list, &l.shape), RP_EDATA,
            "%s:%d:%d: a layer of this shape stands above already", AT(n));
    RP_TRY(rp_kernel_list_add(list, &l.shape, &added));
    *added = l;
    return RP_OK;
}

rp_status rp_kernel_list_read(const char *name, const char *text, rp_kernel_list **out)
{
    RP_AUTO(rp_tree) tree = NULL;
    RP_AUTO(rp_kernel_list) list = NULL;
    RP_TRY(rp_tree_yaml(name, (int64_t)strlen(text), text, &tree));
    const rp_node *root = rp_tree_root(tree), *layers = rp_node_get(root, "layers");
    RP_NEED(root->kind == RP_NODE_MAP && root->count == 1 && layers && layers->kind == RP_NODE_LIST,
            RP_EDATA, "%s: a list of kernels has one key, layers, and under it a line a layer",
            name);
    RP_TRY(rp_alloc(1, sizeof *list, &list));
    for (int64_t i = 0; i < layers->count; i++) RP_TRY(read_layer(name, layers->child[i], list));
    *out = RP_TAKE(list);
    return RP_OK;
}

/* ---- writing ---- */

static void write_layer(const rp_kernel_layer *l, rp_text *out)
{
    rp_conv_shape s = l->shape;
    for (int i = 0; i < FIELDS; i++) {
        const int64_t *x = numbers(&s, &fields[i]);
        rp_text_add(out, "%s%s: [%" PRId64 ", %" PRId64, i ? ", " : "- {", fields[i].key, x[0],
                    x[1]);
        if (fields[i].count == 3) rp_text_add(out, ", %" PRId64, x[2]);
        rp_text_add(out, "]");
    }
    for (int op = 0; op < RP_OP_COUNT; op++)
        if (l->row[op]) rp_text_add(out, ", %s: %s", rp_op_name((rp_op)op), l->row[op]->name);
    rp_text_add(out, ", seconds: [%.6g, %.6g, %.6g]}\n", l->seconds[0], l->seconds[1],
                l->seconds[2]);
}

rp_status rp_kernel_list_write(const rp_kernel_list *list, rp_text *out)
{
    rp_text_add(out, "layers:\n");
    for (int64_t i = 0; i < list->count; i++) write_layer(&list->layer[i], out);
    return rp_text_status(out);
}

/* ---- choosing ---- */

rp_status rp_kernel_list_choose(const rp_kernel_list *list, rp_isa isa, rp_op op,
                                const rp_conv_shape *shape, int threads, rp_kernel **out)
{
    const rp_kernel_layer *l = rp_kernel_list_find(list, shape);
    const rp_kernel_row *row = l ? l->row[op] : NULL;
    RP_NEED(row, RP_EUSE,
            "the list of kernels has no row for '%s' of %" PRId64 " and %" PRId64
            " channels, %" PRId64 " x %" PRId64 " x %" PRId64
            " voxels: make it anew with 'radpipe plan JOB --tune FILE'",
            rp_op_name(op), shape->big_channels, shape->small_channels, shape->big[0],
            shape->big[1], shape->big[2]);
    RP_NEED(row->needs <= isa, RP_EUSE,
            "the list of kernels names '%s', which needs %s, and this processor has %s", row->name,
            rp_isa_name(row->needs), rp_isa_name(isa));
    return rp_kernel_plan(row, op, shape, threads, out);
}
