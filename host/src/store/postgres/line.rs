//! What waits in a line, and who has leased what of it: the same for invocations and for deliveries. All of it is done by whoever holds
//! the row `counter`, so nothing here changes under it but by a renewal, which touches one row that is leased.

use std::collections::{HashMap, VecDeque};

use super::db::{Columns as _, Db, Result, params};
use super::peers::is_ours;
use super::turns::{Member, Turns};
use super::work::Wanted;

/// One of the two tables of what is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Line {
    Invocations,
    Deliveries,
}

/// Something that went from its line.
pub(super) struct Left {
    pub(super) member: i64,
    /// Whether it counted as waiting.
    pub(super) waited: bool,
}

impl Line {
    /// The table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Invocations => "invocation",
            Self::Deliveries => "delivery",
        }
    }

    /// The table of those who take turns.
    pub(super) fn members(self) -> &'static str {
        match self {
            Self::Invocations => "scope",
            Self::Deliveries => "outlet",
        }
    }

    /// Leases to `host` what is due at `now`: ids and generations, in the order of the turns.
    ///
    /// The cap of invocations is that of one host, which it protects; the one of deliveries is that of the service, for all hosts together.
    pub(super) async fn claim(self, db: Db<'_>, turns: &mut Turns, (host, now): (i64, i64), wanted: Wanted) -> Result<Vec<(i64, i64)>> {
        let mut members = self.due(db, (host, now), wanted).await?;
        let picked = turns.pick(&mut members, wanted.limit.max(1));
        if picked.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "UPDATE {} SET leased_until = $2, leased_by = $3, lease = lease + 1 WHERE id = ANY ($1) RETURNING id, lease",
            self.table()
        );
        let rows = db.rows(&sql, params![picked, now.saturating_add(wanted.lease_ms), host]).await?;
        let generations: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect::<Result<_>>()?;
        Ok(picked.into_iter().filter_map(|id| generations.get(&id).map(|generation| (id, *generation))).collect())
    }

    /// A statement that tells whether a look by who holds `counter` may find something: who is alone with nothing to do need not disturb the
    /// others for it, nor write. Its parameters are the time, or null for the database's, and the host.
    pub(super) fn is_due_sql(self) -> String {
        let (table, members) = (self.table(), self.members());
        let held = match self {
            Self::Invocations => "AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.scope = m.id)",
            Self::Deliveries => "",
        };
        let now = "coalesce($1, (extract(epoch FROM now()) * 1000)::BIGINT)";
        let ready = |which: &str| {
            format!(
                "EXISTS (SELECT 1 FROM {table} WHERE member = m.id AND yields = {which} AND head AND leased_until IS NULL AND due <= {now})"
            )
        };
        format!(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM {table} WHERE leased_until <= {now}) \
             OR EXISTS (SELECT 1 FROM {members} m WHERE m.waiting > 0 {held} AND ({} OR {}) AND {})",
            ready("FALSE"),
            ready("TRUE"),
            is_ours(self, "$2", now)
        )
    }

    async fn due(self, db: Db<'_>, (host, now): (i64, i64), wanted: Wanted) -> Result<Vec<Member>> {
        let (table, members) = (self.table(), self.members());
        let (whose, held) = match self {
            Self::Invocations => ("AND leased_by = $1", "AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.scope = m.id)"),
            Self::Deliveries => ("AND $1 = $1", ""),
        };
        let ready = |which: &str| {
            format!(
                "(SELECT id, due, yields FROM {table} WHERE member = m.id AND yields = {which} AND head AND leased_until IS NULL \
                 AND due <= $2 ORDER BY due, id LIMIT $3)"
            )
        };
        let sql = format!(
            "SELECT m.id, m.project, coalesce(o.leased, 0), coalesce(o.yielding, 0), c.id, c.yields FROM {members} m \
             LEFT JOIN (SELECT member, count(*) AS leased, count(*) FILTER (WHERE yields) AS yielding FROM {table} \
             WHERE leased_until IS NOT NULL {whose} GROUP BY member) o ON o.member = m.id \
             CROSS JOIN LATERAL ({} UNION ALL {}) c WHERE m.waiting > 0 {held} AND {} ORDER BY m.id, c.due, c.id",
            ready("FALSE"),
            ready("TRUE"),
            is_ours(self, "$1", "$2")
        );
        let cap = wanted.per_member.max(1);
        let each = i64::try_from(wanted.limit.clamp(1, cap)).unwrap_or(i64::MAX);
        let mut found: Vec<Member> = Vec::new();
        for row in db.rows(&sql, params![host, now, each]).await? {
            let number = row.at(0)?;
            if found.last().is_none_or(|last| last.number != number) {
                let room = |cap: usize, column| row.number::<usize>(column).map(|leased| cap.saturating_sub(leased));
                found.push(Member {
                    number,
                    project: row.at(1)?,
                    fresh: VecDeque::new(),
                    yielding: VecDeque::new(),
                    more: false,
                    room: room(cap, 2)?,
                    yielding_room: room((cap / 2).max(1), 3)?,
                });
            }
            if let Some(last) = found.last_mut() {
                let line = if row.at(5)? { &mut last.yielding } else { &mut last.fresh };
                line.push_back(row.at(4)?);
                last.more |= line.len() as u64 >= each.unsigned_abs();
            }
        }
        Ok(found)
    }

    /// Ends leases that ran out. Gives what left with them: it was given up meanwhile.
    pub(super) async fn end_leases(self, db: Db<'_>, now: i64) -> Result<Vec<Left>> {
        let sql =
            format!("UPDATE {} SET leased_until = NULL, leased_by = NULL WHERE leased_until <= $1 RETURNING id, doomed", self.table());
        self.take_out_doomed(db, &sql, now).await
    }

    /// Ends all leases of a host.
    pub(super) async fn end_leases_of(self, db: Db<'_>, host: i64) -> Result<Vec<Left>> {
        let sql = format!("UPDATE {} SET leased_until = NULL, leased_by = NULL WHERE leased_by = $1 RETURNING id, doomed", self.table());
        self.take_out_doomed(db, &sql, host).await
    }

    /// Ends these leases, as far as this host holds them: one that was not committed may have been another's since, by the same generation.
    pub(super) async fn give_back(self, db: Db<'_>, host: i64, leases: &[(i64, i64)]) -> Result<Vec<Left>> {
        let sql = format!(
            "UPDATE {} SET leased_until = NULL, leased_by = NULL WHERE id = $1 AND lease = $2 AND leased_by = $3 RETURNING doomed",
            self.table()
        );
        let mut left = Vec::new();
        for (id, generation) in leases {
            let ended = db.first(&sql, params![*id, *generation, host]).await?;
            if ended.map_or(Ok(false), |row| row.at(0))? {
                left.extend(self.remove(db, *id).await?);
            }
        }
        Ok(left)
    }

    async fn take_out_doomed(self, db: Db<'_>, sql: &str, which: i64) -> Result<Vec<Left>> {
        let mut left = Vec::new();
        for row in db.rows(sql, params![which]).await? {
            if row.at(1)? {
                left.extend(self.remove(db, row.at(0)?).await?);
            }
        }
        Ok(left)
    }

    /// Ends whatever lease there is and lets it wait until `due`, at the head of its lane as before.
    pub(super) async fn put_back(self, db: Db<'_>, id: i64, due: i64) -> Result<()> {
        let sql = format!("UPDATE {} SET leased_until = NULL, leased_by = NULL, due = $2 WHERE id = $1", self.table());
        db.execute(&sql, params![id, due]).await.map(|_| ())
    }

    /// Takes it out, in whatever state it is; the next one of its lane moves up.
    pub(super) async fn remove(self, db: Db<'_>, id: i64) -> Result<Option<Left>> {
        let sql = format!(
            "WITH gone AS (DELETE FROM {table} WHERE id = $1 RETURNING id, member, lane, head, doomed), \
             up AS (UPDATE {table} t SET head = TRUE FROM gone WHERE gone.head AND t.id = (SELECT n.id FROM {table} n \
             WHERE n.member = gone.member AND n.lane = gone.lane AND n.id <> gone.id ORDER BY n.id LIMIT 1)) \
             SELECT member, NOT doomed FROM gone",
            table = self.table()
        );
        db.first(&sql, params![id]).await?.map(|row| Ok(Left { member: row.at(0)?, waited: row.at(1)? })).transpose()
    }

    /// Takes it out, but lets a lease end first, so that whatever follows in the lane does not overtake what is under way.
    pub(super) async fn remove_after_lease(self, db: Db<'_>, id: i64) -> Result<Option<Left>> {
        let sql =
            format!("UPDATE {} SET doomed = TRUE WHERE id = $1 AND leased_until IS NOT NULL AND NOT doomed RETURNING member", self.table());
        match db.first(&sql, params![id]).await? {
            Some(row) => Ok(Some(Left { member: row.at(0)?, waited: true })),
            None => self.remove(db, id).await,
        }
    }
}
