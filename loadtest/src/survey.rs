//! Before the load: who the tills are, and what every voucher is worth.

use crate::Failure;
use crate::answer::{Answer, cookie_pair};
use crate::asker::{Asker, spread};
use crate::forms::compose;
use crate::history::{Record, Terminal};
use crate::mix::{Kind, Request};
use crate::options::Spread;
use crate::run::Plan;
use crate::town::Town;
use domain::ids::{TerminalId, VoucherId};
use jiff::Timestamp;
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// What was found; everything by its place in the lists.
#[derive(Default)]
pub struct Survey {
    pub terminals: Vec<Terminal>,
    pub terminal_ids: Vec<TerminalId>,
    pub vouchers: Vec<VoucherId>,
    /// Which vouchers take part.
    pub active: Vec<u32>,
    /// What each voucher was worth.
    pub looks: Vec<Record>,
    /// The server's own time at the beginning.
    pub began: Timestamp,
}

#[derive(Deserialize)]
struct Named {
    id: Uuid,
}

#[derive(Deserialize)]
struct Shop {
    shop: Named,
    terminal: Named,
}

#[derive(Deserialize)]
struct Look<'a> {
    voucher_id: VoucherId,
    status: &'a str,
}

/// The server's own time, if anybody is there.
pub async fn greet(plan: &Plan) -> Result<Timestamp, Failure> {
    let mut asker = Asker::new(plan, Duration::ZERO);
    let date = asker.ask(
        |out| compose(out, "GET /health/live", &[plan.forms.host()], None),
        |reply| reply.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok()),
    );
    let date = date.await.map_err(|failure| Failure(format!("{failure}; is the server running?")))?;
    date.map(|date| date.timestamp()).ok_or_else(|| Failure("the server's answers have no Date".to_owned()))
}

/// Looks at a voucher: which it is and whether it can be spent, if it is known at all.
pub async fn look(
    plan: &Plan,
    asker: &mut Asker<'_>,
    voucher: u32,
) -> Result<(Option<(VoucherId, bool)>, Record), Failure> {
    let request = Request::read(Kind::Lookup, voucher, 0);
    let sent = plan.clock.now();
    let told = asker.ask(
        |out| plan.forms.write(out, &request, ""),
        |reply| {
            let look = serde_json::from_slice::<Look<'_>>(reply.body).ok();
            let found = look.map(|look| (look.voucher_id, look.status == "active"));
            (found, Answer::read(reply, &request, found.map_or(VoucherId::new(Uuid::nil()), |(id, _)| id)))
        },
    );
    let (found, answer) = told.await?;
    Ok((found, answer.record(&request, sent, plan.clock.now())))
}

/// Asks every terminal who it is and looks at every voucher.
pub async fn survey(plan: &Plan, town: &Town) -> Result<Survey, Failure> {
    let mut survey = Survey { began: greet(plan).await?, ..Survey::default() };
    tills(plan, town, &mut survey).await?;
    let all: Vec<u32> = (0..).take(town.vouchers.len()).collect();
    let looks = spread(plan, &all, async |asker, voucher| look(plan, asker, *voucher).await).await?;
    let mut names: HashMap<VoucherId, &str> = HashMap::new();
    for ((found, look), voucher) in looks.into_iter().zip(&town.vouchers) {
        let name = &voucher.name;
        let (id, active) = found.ok_or_else(|| Failure(format!("{name}: no such voucher for this town's tills")))?;
        if let Some(other) = names.insert(id, name) {
            return Err(Failure(format!("{name} and {other} are the same voucher")));
        }
        survey.active.extend(active.then_some(look.voucher));
        survey.vouchers.push(id);
        survey.looks.push(look);
    }
    if plan.options.vouchers == Spread::One {
        survey.active.sort_by_key(|at| Reverse(survey.looks[*at as usize].balance_cents));
        survey.active.truncate(1);
    }
    if survey.active.is_empty() {
        return Err(Failure("no voucher can be spent: they are blocked, expired or not yet valid".to_owned()));
    }
    if let Some(cents) = plan.options.fund_cents {
        fund(plan, town, &mut survey, cents).await?;
    }
    Ok(survey)
}

async fn tills(plan: &Plan, town: &Town, survey: &mut Survey) -> Result<(), Failure> {
    let mut shops: HashMap<Uuid, u16> = HashMap::new();
    let all: Vec<u16> = (0..).take(town.terminals.len()).collect();
    let told = spread(plan, &all, async |asker, at| {
        let write = |out: &mut Vec<u8>| compose(out, "GET /v1/shop", &[plan.forms.till(*at)], None);
        let told = asker.ask(write, |reply| serde_json::from_slice::<Shop>(reply.body).map_err(|_| reply.status));
        let name = &town.terminals[usize::from(*at)].name;
        told.await?.map_err(|status| Failure(format!("{name}: the terminal's token is not accepted ({status})")))
    });
    for (Shop { shop, terminal }, till) in told.await?.iter().zip(&town.terminals) {
        let number = u16::try_from(shops.len()).unwrap_or(u16::MAX);
        let shop = *shops.entry(shop.id).or_insert(number);
        survey.terminals.push(Terminal { name: till.name.clone(), shop });
        survey.terminal_ids.push(TerminalId::new(terminal.id));
    }
    Ok(())
}

/// Has the council give so much more to every programme: no top-up takes more than its budget leaves.
async fn raise_budgets(plan: &Plan, asker: &mut Asker<'_>, cookie: &str, cents: i64) -> Result<(), Failure> {
    const CHANGED: [&str; 6] =
        ["name", "per_redemption_max_cents", "per_day_max_cents", "per_day_count_max", "rules_it", "rules_en"];
    let headers = [plan.forms.host(), cookie];
    let listed = asker.ask(
        |out| compose(out, "GET /v1/admin/programmes?limit=500", &headers, None),
        |reply| serde_json::from_slice::<serde_json::Value>(reply.body).unwrap_or_default(),
    );
    for programme in listed.await?["items"].as_array().into_iter().flatten() {
        let mut body: serde_json::Map<_, _> =
            CHANGED.iter().map(|field| ((*field).to_owned(), programme[field].clone())).collect();
        let budget = programme["budget_cents"].as_i64().unwrap_or_default().saturating_add(cents);
        body.insert("budget_cents".to_owned(), budget.into());
        let (body, id) = (serde_json::Value::Object(body).to_string(), programme["id"].as_str().unwrap_or_default());
        let start = format!("PUT /v1/admin/programmes/{id}");
        let status = asker.ask(|out| compose(out, &start, &headers, Some(&body)), |reply| reply.status).await?;
        if status != 200 {
            return Err(Failure(format!("--fund-cents: a programme's budget could not be raised ({status})")));
        }
    }
    Ok(())
}

/// Brings every voucher that takes part to at least this much, as the office would.
async fn fund(plan: &Plan, town: &Town, survey: &mut Survey, cents: u32) -> Result<(), Failure> {
    let cannot = |why: String| Failure(format!("--fund-cents: {why}"));
    // a clerk may top up, and not decide on budgets
    let who = |role: &str| town.staff.iter().find(|staff| staff.role == role);
    let (admin, clerk) = (who("municipal_admin"), who("clerk"));
    let staff = admin.or(clerk).ok_or_else(|| cannot("demo.json has nobody who may top up".to_owned()))?;
    let body = serde_json::json!({"email": staff.email, "password": staff.password}).to_string();
    let mut asker = Asker::new(plan, Duration::from_secs(plan.options.patience));
    let signed_in = asker.ask(
        |out| compose(out, "POST /v1/admin/session", &[plan.forms.host()], Some(&body)),
        |reply| reply.header("set-cookie").filter(|_| reply.status == 200).map(cookie_pair),
    );
    let cookie = signed_in.await?.ok_or_else(|| cannot(format!("{} cannot sign in", staff.email)))?;
    let cookie = format!("Cookie: {cookie}\r\n");
    let missing = |at: u32| i64::from(cents) - survey.looks[at as usize].balance_cents;
    let poor: Vec<u32> = survey.active.iter().copied().filter(|at| missing(*at) > 0).collect();
    if admin.is_some() {
        raise_budgets(plan, &mut asker, &cookie, poor.iter().map(|at| missing(*at)).sum()).await?;
    }
    let looks = spread(plan, &poor, async |asker, at| {
        let start = format!("POST /v1/admin/vouchers/{}/top-up", survey.vouchers[*at as usize]);
        let key = format!("Idempotency-Key: {}fund-{at}\r\n", plan.forms.keys);
        let body = format!("{{\"amount_cents\":{},\"reason\":\"load test\"}}", missing(*at));
        let headers = [plan.forms.host(), &cookie, &key];
        match asker.ask(|out| compose(out, &start, &headers, Some(&body)), |reply| reply.status).await? {
            200 | 201 => look(plan, asker, *at).await,
            status => Err(cannot(format!("the top-up was answered with {status}"))),
        }
    });
    for (_, look) in looks.await? {
        survey.looks[look.voucher as usize] = look;
    }
    Ok(())
}
