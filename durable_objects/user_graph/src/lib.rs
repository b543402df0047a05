//! UserGraphDO: the canonical calendar and mirrors of one user.
