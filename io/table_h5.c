/* io/table_h5.c - tables as HDF5: what CSV has, as arrays that programs read at once. */
#include "io/table_h5.h"

#include "io/atomic.h"
#include "io/h5_priv.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static rp_status text_type(size_t size, hid_t *out)
{
    RP_H5_AUTO type = H5Tcopy(H5T_C_S1);
    RP_H5(type, RP_EIO, "type of texts");
    RP_H5(H5Tset_size(type, size), RP_EIO, "size of texts");
    RP_H5(H5Tset_strpad(type, H5T_STR_NULLPAD), RP_EIO, "padding of texts");
    RP_H5(H5Tset_cset(type, H5T_CSET_UTF8), RP_EIO, "letters of texts");
    *out = rp_h5_take(&type);
    return RP_OK;
}

static rp_status put_dataset(hid_t file, const char *path, int rank, const hsize_t size[],
                             hid_t type, hid_t memory, const void *data)
{
    RP_TRY(rp_h5_groups(file, path));
    RP_H5_AUTO dcpl = H5Pcreate(H5P_DATASET_CREATE);
    RP_H5(dcpl, RP_EIO, "properties of a dataset");
    RP_H5(H5Pset_obj_track_times(dcpl, false), RP_EIO, "HDF5 times");
    RP_H5_AUTO space = H5Screate_simple(rank, size, NULL);
    RP_H5(space, RP_EARG, "size of '%s'", path);
    RP_H5_AUTO dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    RP_H5(dataset, RP_EIO, "'%s' cannot be made", path);
    RP_H5(H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), RP_EIO, "'%s'", path);
    return RP_OK;
}

/* n texts as one array of the longest's size. */
typedef const char *text_at(const void *arg, int64_t i);
static rp_status put_texts(hid_t file, const char *path, int64_t n, text_at *at, const void *arg)
{
    size_t size = 1;
    for (int64_t i = 0; i < n; i++) {
        const size_t length = strlen(at(arg, i));
        size = length > size ? length : size;
    }
    RP_AUTOFREE char *bytes = NULL;
    RP_H5_AUTO type = -1;
    int64_t all;
    RP_TRY(rp_product(2, (int64_t[]){n, (int64_t)size}, &all));
    RP_TRY(rp_alloc(all, 1, &bytes));
    for (int64_t i = 0; i < n; i++)
        memcpy(bytes + (size_t)i * size, at(arg, i), strlen(at(arg, i)));
    RP_TRY(text_type(size, &type));
    return put_dataset(file, path, 1, &(hsize_t){(hsize_t)n}, type, type, bytes);
}

typedef struct column {
    const rp_csv *csv;
    int index;
} column;
static const char *cell_at(const void *arg, int64_t i)
{
    const column *c = arg;
    return rp_csv_text(c->csv, i, c->index);
}

/* The columns that are numbers. */
typedef struct numbers {
    const rp_csv *csv;
    int64_t count;
    int *index;
} numbers;
static const char *name_at(const void *arg, int64_t i)
{
    const numbers *n = arg;
    return rp_csv_name(n->csv, n->index[i]);
}

static bool is_text(const rp_h5_table *t, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = t->texts; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == 0)) return true;
    return !t->texts;
}

static rp_status put_numbers(hid_t file, const rp_h5_table *t, const numbers *n)
{
    const int64_t rows = rp_csv_rows(t->csv);
    RP_AUTOFREE double *value = NULL;
    RP_AUTOFREE char *path = NULL, *names = NULL;
    int64_t cells;
    RP_TRY(rp_format(&path, "/%s/value", t->group));
    RP_TRY(rp_format(&names, "/%s/name", t->group));
    RP_TRY(rp_product(2, (int64_t[]){rows, n->count}, &cells));
    RP_TRY(rp_alloc_raw(cells, sizeof *value, &value));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < n->count; c++) {
            double *to = &value[r * n->count + c];
            *to = NAN;
            if (rp_csv_text(t->csv, r, n->index[c])[0])
                RP_TRY(rp_csv_double(t->csv, r, n->index[c], to));
        }
    RP_TRY(put_texts(file, names, n->count, name_at, n));
    return put_dataset(file, path, 2, (const hsize_t[]){(hsize_t)rows, (hsize_t)n->count},
                       H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, value);
}

static rp_status put_table(hid_t file, const rp_h5_table *t)
{
    RP_AUTOFREE int *index = NULL;
    numbers n = {.csv = t->csv};
    RP_TRY(rp_alloc(rp_csv_columns(t->csv), sizeof *index, &index));
    n.index = index;
    for (int c = 0; c < rp_csv_columns(t->csv); c++) {
        RP_AUTOFREE char *path = NULL;
        if (!is_text(t, rp_csv_name(t->csv, c))) {
            index[n.count++] = c;
            continue;
        }
        const column one = {t->csv, c};
        RP_TRY(rp_format(&path, "/%s/%s", t->group, rp_csv_name(t->csv, c)));
        RP_TRY(put_texts(file, path, rp_csv_rows(t->csv), cell_at, &one));
    }
    return n.count > 0 ? put_numbers(file, t, &n) : RP_OK;
}

static rp_status put_attribute(hid_t file, const char *name, const char *text)
{
    RP_H5_AUTO type = -1;
    const size_t n = strlen(text);
    RP_TRY(text_type(n ? n : 1, &type));
    RP_H5_AUTO space = H5Screate(H5S_SCALAR);
    RP_H5(space, RP_EIO, "attribute '%s'", name);
    RP_H5_AUTO attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    RP_H5(attribute, RP_EIO, "attribute '%s' cannot be made", name);
    RP_H5(H5Awrite(attribute, type, text), RP_EIO, "attribute '%s'", name);
    return RP_OK;
}

static rp_status write_file(const char *path, int tables, const rp_h5_table table[], int attributes,
                            const char *const attribute[][2])
{
    RP_H5_SCOPE;
    RP_H5_AUTO fapl = -1;
    RP_H5_AUTO file = -1;
    RP_TRY(rp_h5_access(&fapl));
    RP_TRY(rp_h5_file_new(path, fapl, &file));
    for (int i = 0; i < attributes; i++)
        RP_TRY(put_attribute(file, attribute[i][0], attribute[i][1]));
    for (int i = 0; i < tables; i++) RP_TRY(put_table(file, &table[i]));
    RP_H5(H5Fclose(rp_h5_take(&file)), RP_EIO, "'%s' cannot be closed", path);
    return RP_OK;
}

rp_status rp_h5_tables_write(const char *path, int tables, const rp_h5_table table[],
                             int attributes, const char *const attribute[][2])
{
    RP_AUTOFREE char *temporary = NULL;
    RP_TRY(rp_atomic_name(path, &temporary));
    const rp_status st = write_file(temporary, tables, table, attributes, attribute);
    if (st == RP_OK) return rp_atomic_finish(temporary, path);
    (void)unlink(temporary);
    return st;
}
