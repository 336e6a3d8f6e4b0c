/* lib/stats/multiclass.h - more than two classes: what was said against what it was.
 *
 * y [n] and said [n] are classes 0..classes-1; prob [classes][n] probabilities.
 * confusion [classes][classes]: true class by row, said class by column. */
#pragma once
#include "lib/stats/value.h"

enum { RP_CLASSES_MAX = 64 };

/* Class of the largest probability; of equal ones the lower class. */
void rp_multiclass_decide(int64_t n, int classes, const double *const prob[], double said[]);
void rp_multiclass_confusion(int64_t n, int classes, const double y[], const double said[],
                             int64_t confusion[]);

typedef struct rp_multiclass_scores {
    rp_value precision[RP_CLASSES_MAX]; /* undefined where a class is never said */
    rp_value recall[RP_CLASSES_MAX];    /* undefined where it never is */
    rp_value f1[RP_CLASSES_MAX];        /* 2 TP/(2 TP + FP + FN); undefined where neither */
    rp_value accuracy, balanced;        /* balanced: mean recall over the classes that are there */
    rp_value f1_macro, f1_weighted;     /* over the classes with an F1; weights: cases of a class */
    rp_value mcc;                       /* Gorodkin's R_K */
} rp_multiclass_scores;
/* F1 over all classes together (micro) is the accuracy, for each case has one class.
 * Source: J. Gorodkin, Comput. Biol. Chem. 28 (2004) 367 for R_K.
 * Errors: RP_EARG unless 2 <= classes <= RP_CLASSES_MAX. */
RP_MUST rp_status rp_multiclass_score(int classes, const int64_t confusion[],
                                      rp_multiclass_scores *out);

/* Mean over all pairs of classes of (A(i|j) + A(j|i))/2, A(i|j) the area by which prob[i] parts
 * class i from class j.  Undefined where a class has no case.
 * Source: D. J. Hand, R. J. Till, Mach. Learn. 45 (2001) 171.
 * Errors: RP_EARG, RP_ENUM, RP_EMEM. */
RP_MUST rp_status rp_auc_hand_till(int64_t n, int classes, const double y[],
                                   const double *const prob[], rp_value *out);
/* Mean over cases of sum over classes of (prob - 1{y})^2 (from 0 to 2), and of -log prob of the
 * true class (infinite where that is 0). */
void rp_multiclass_losses(int64_t n, int classes, const double y[], const double *const prob[],
                          rp_value *brier, rp_value *log_loss);
