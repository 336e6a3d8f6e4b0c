/* lib/radiomics/filter_kernels.c - kernels of Laws and of wavelets, by name. */
#include "lib/radiomics/filter.h"

#include <math.h>
#include <string.h>

/* Before division by their Euclidean norm. */
static const struct {
    char name[3];
    int count;
    double tap[5];
} laws[] = {{"L3", 3, {1, 2, 1}},         {"E3", 3, {-1, 0, 1}},
            {"S3", 3, {-1, 2, -1}},       {"L5", 5, {1, 4, 6, 4, 1}},
            {"E5", 5, {-1, -2, 0, 2, 1}}, {"S5", 5, {-1, 0, 2, 0, -1}},
            {"W5", 5, {-1, 2, 0, -2, 1}}, {"R5", 5, {1, -4, 6, -4, 1}}};

rp_status rp_kernel_laws(const char name[2], rp_kernel *out)
{
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++) {
        if (strncmp(laws[i].name, name, 2) != 0) continue;
        double norm = 0;
        for (int j = 0; j < laws[i].count; j++) norm += laws[i].tap[j] * laws[i].tap[j];
        out->count = laws[i].count;
        for (int j = 0; j < laws[i].count; j++) out->tap[j] = laws[i].tap[j] / sqrt(norm);
        return RP_OK;
    }
    RP_FAIL(RP_EARG, "Laws kernel '%.2s': must be L3, E3, S3, L5, E5, S5, W5 or R5", name);
}

/* Low-pass analysis filters.  Source: I. Daubechies, Ten Lectures on Wavelets, SIAM 1992,
 * tables 6.1 and 8.1 (in the scaling where the squares sum to 1, last tap first). */
static const struct {
    const char *name;
    int count;
    double low[8];
} wavelets[] = {
    {"haar", 2, {0.7071067811865476, 0.7071067811865476}},
    {"db2", 4, {-0.12940952255126037, 0.2241438680420134, 0.8365163037378079, 0.48296291314453416}},
    {"db3",
     6,
     {0.03522629188570953, -0.08544127388202666, -0.13501102001025458, 0.45987750211849154,
      0.8068915093110925, 0.33267055295008263}},
    {"db4",
     8,
     {-0.010597401784997278, 0.032883011666982945, 0.030841381835986965, -0.18703481171888114,
      -0.02798376941698385, 0.6308807679295904, 0.7148465705525415, 0.23037781330885523}},
    {"coif1",
     6,
     {-0.015655728135791993, -0.07273261951252645, 0.3848648468648578, 0.8525720202116004,
      0.3378976624574818, -0.07273261951252645}}};

rp_status rp_kernel_wavelet(const char *name, bool is_high, int level, rp_kernel *out)
{
    for (size_t i = 0; i < sizeof wavelets / sizeof *wavelets; i++) {
        if (strcmp(wavelets[i].name, name) != 0) continue;
        const int n = wavelets[i].count, gap = level >= 1 && level <= 5 ? 1 << (level - 1) : 0;
        RP_NEED(gap > 0, RP_EARG, "wavelet level %d: must be 1 to 5", level);
        memset(out, 0, sizeof *out);
        out->count = n * gap; /* holes stand behind each tap, the last one too */
        for (int j = 0; j < n; j++) {
            const double high = (j % 2 ? 1 : -1) * wavelets[i].low[n - 1 - j];
            out->tap[j * gap] = is_high ? high : wavelets[i].low[j];
        }
        return RP_OK;
    }
    RP_FAIL(RP_EARG, "wavelet '%s': must be haar, db2, db3, db4 or coif1", name);
}
