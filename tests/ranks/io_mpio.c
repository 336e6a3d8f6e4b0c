/* tests/ranks/io_mpio.c - checkpoints and shards through MPI-IO, on any number of ranks.
 *
 * usage: io_mpio checkpoint FILE | part FILE | shard FILE
 * checkpoint: writes the entries that test_io_checkpoint.c writes alone; part: one rank's part is
 * wrong; shard: each rank reads all volumes and prints their digests from rank 0. */
#include "io/h5_mpio.h"
#include "lib/base/digest.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *floats(int64_t n)
{
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(i % 1009) / 7;
    return x;
}

static int write_checkpoint(const char *path, int rank, int size, int is_wrong)
{
    enum { N = 5 * RP_CHECKPOINT_BLOCK + 1234 };
    float *weights = floats(N);
    const int64_t iteration = 42;
    const rp_checkpoint_entry entries[] = {{"weights", RP_ARRAY_F32, N, NULL},
                                           {"moments", RP_ARRAY_F32, N, NULL},
                                           {"iteration", RP_ARRAY_I64, 1, NULL},
                                           {"none", RP_ARRAY_F64, 0, NULL}};
    rp_checkpoint_part part[40];
    int64_t parts = 0;
    for (int e = 0; e < 2; e++)
        for (int64_t b = rank; b < 6; b += size) { /* block b belongs to rank b mod size */
            const int64_t first = b * RP_CHECKPOINT_BLOCK, left = N - first;
            part[parts++] = (rp_checkpoint_part){
                e, first, left < RP_CHECKPOINT_BLOCK ? left : RP_CHECKPOINT_BLOCK, weights + first};
        }
    if (is_wrong && rank == size - 1) part[0].first += 1;
    if (rank == 0) part[parts++] = (rp_checkpoint_part){2, 0, 1, &iteration};
    const rp_status st =
        rp_checkpoint_write_parallel(path, MPI_Comm_c2f(MPI_COMM_WORLD), 4, entries, parts, part);
    if (rank == 0) printf("%s: %s\n", rp_status_text(st), st == RP_OK ? "" : rp_error_message());
    free(weights);
    return st != RP_OK && !is_wrong;
}

static int read_shard(const char *path, int rank)
{
    rp_shard *s = NULL;
    if (rp_shard_open_mpio(path, MPI_Comm_c2f(MPI_COMM_WORLD), &s) != RP_OK) {
        printf("%s\n", rp_error_message());
        return 1;
    }
    int bad = 0;
    for (int64_t i = 0; i < rp_shard_datasets(s); i++) {
        const rp_shard_info *info;
        if (rp_shard_at(s, i, &info) != RP_OK || !info->is_volume) continue;
        const size_t bytes = (size_t)rp_grid_voxels(&info->grid) * rp_dtype_size(info->dtype);
        void *a = calloc(1, bytes), *b = calloc(1, bytes);
        const int64_t zero[3] = {0};
        bad += rp_shard_read_hdf5(s, i, zero, info->grid.n, a) != RP_OK;
        bad += rp_shard_read_box(s, i, zero, info->grid.n, b) != RP_OK;
        bad += memcmp(a, b, bytes) != 0;
        free(a);
        free(b);
    }
    int all = 0;
    MPI_Allreduce(&bad, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank == 0) printf("%d datasets, %d differ\n", (int)rp_shard_datasets(s), all);
    rp_shard_drop(&s);
    return all != 0;
}

int main(int argc, char **argv)
{
    int rank, size, rc = 2;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc == 3 && strcmp(argv[1], "shard") == 0) rc = read_shard(argv[2], rank);
    if (argc == 3 && strcmp(argv[1], "checkpoint") == 0)
        rc = write_checkpoint(argv[2], rank, size, 0);
    if (argc == 3 && strcmp(argv[1], "part") == 0) rc = write_checkpoint(argv[2], rank, size, 1);
    MPI_Finalize();
    return rc;
}
