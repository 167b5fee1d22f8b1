//! The story in six steps, each checked.

use std::time::Duration;

use anyhow::Result;
use reqwest::{Client, Method, Response, StatusCode, header};
use tokio::time::{Instant, sleep};

use super::stage::Stage;
use crate::cli::console::Console;
use crate::cli::exit::Exit;

/// How long a step may wait for the schema's change to show.
const LIMIT: Duration = Duration::from_secs(5);

/// Walks the story; `Ready` only if every step was as it should be.
pub(super) async fn walk(stage: &Stage, console: &Console) -> Result<Exit> {
    let mut tour = Tour { stage, console, client: Client::new(), failed: 0 };
    tour.go().await?;
    if tour.failed == 0 {
        console.line("\nEvery step was as it should be.");
        return Ok(Exit::Ready);
    }
    console.line(format!("\n{} of the steps were not as they should be.", tour.failed));
    Ok(Exit::NotReady)
}

struct Tour<'a> {
    stage: &'a Stage,
    console: &'a Console,
    client: Client,
    failed: u32,
}

impl Tour<'_> {
    async fn go(&mut self) -> Result<()> {
        self.say("1. Everything is there: requests pass.");
        self.expect(Method::GET, "/api/customers", "*/*", StatusCode::OK).await?;
        self.expect(Method::GET, "/api/health", "*/*", StatusCode::OK).await?;

        self.say("2. A release without its migration: the column is gone.");
        self.expect(Method::POST, "/demo/break", "*/*", StatusCode::OK).await?;
        self.turn(StatusCode::SERVICE_UNAVAILABLE).await?;

        self.say("3. What needs the column is refused, in the form that the client asked for.");
        let problem = self.expect(Method::GET, "/api/customers", "*/*", StatusCode::SERVICE_UNAVAILABLE).await?;
        self.is_type(&problem, "application/problem+json");
        self.note_header(&problem, &header::RETRY_AFTER);
        let json = problem.text().await?;
        self.console.line(format!("     {json}"));
        self.check(!json.contains("agreementUploadedAt"), "it does not name the column");
        let page = self.expect(Method::GET, "/customers", "text/html", StatusCode::SERVICE_UNAVAILABLE).await?;
        self.is_type(&page, "text/html; charset=utf-8");
        self.expect(Method::POST, "/api/customers", "*/*", StatusCode::SERVICE_UNAVAILABLE).await?;

        self.say("4. Everything else passes, and operators see what is wrong.");
        self.expect(Method::GET, "/api/health", "*/*", StatusCode::OK).await?;
        self.expect(Method::GET, "/", "text/html", StatusCode::OK).await?;
        let health = reqwest::get(format!("{}/health/migrations", self.stage.admin)).await?.text().await?;
        self.check(health.contains("column customers.agreementUploadedAt is missing"), "the admin listener names it");

        self.say("5. Without schemagate the same request is a 500.");
        let direct = self.client.get(format!("{}/api/customers", self.stage.direct)).send().await?;
        self.check(direct.status() == StatusCode::INTERNAL_SERVER_ERROR, "the app itself answers 500");

        self.say("6. The migration runs: everything opens by itself, with no restart.");
        self.expect(Method::POST, "/demo/mend", "*/*", StatusCode::OK).await?;
        self.turn(StatusCode::OK).await?;
        self.expect(Method::POST, "/api/customers", "*/*", StatusCode::CREATED).await?;
        self.expect(Method::GET, "/customers", "text/html", StatusCode::OK).await?;
        Ok(())
    }

    fn say(&self, text: &str) {
        self.console.line(format!("\n{text}"));
    }

    async fn ask(&self, method: Method, path: &str, accept: &str) -> Result<Response> {
        let request = self.client.request(method, format!("{}{path}", self.stage.url)).header(header::ACCEPT, accept);
        Ok(request.send().await?)
    }

    /// Sends a request, prints it with its answer and timing, and holds the status against `expected`.
    async fn expect(&mut self, method: Method, path: &str, accept: &str, expected: StatusCode) -> Result<Response> {
        let began = Instant::now();
        let answer = self.ask(method.clone(), path, accept).await?;
        let took = began.elapsed().as_secs_f64() * 1000.0;
        let text = format!("{method} {path} -> {} in {took:.1} ms", answer.status());
        self.check(answer.status() == expected, &text);
        Ok(answer)
    }

    /// Asks for the customers until the answer has the status that the schema's change must bring.
    async fn turn(&mut self, expected: StatusCode) -> Result<()> {
        let began = Instant::now();
        let (mut asked, mut leaked) = (0_u32, 0_u32);
        while began.elapsed() < LIMIT {
            asked += 1;
            let status = self.ask(Method::GET, "/api/customers", "*/*").await?.status();
            leaked += u32::from(status == StatusCode::INTERNAL_SERVER_ERROR);
            if status == expected {
                let took = began.elapsed().as_millis();
                self.check(
                    true,
                    &format!("the answer turned to {expected} {took} ms after the change (asked {asked} times)"),
                );
                self.check(leaked == 0, "and not one 500 came through");
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        self.check(false, &format!("the answer did not turn to {expected} within {} s", LIMIT.as_secs()));
        Ok(())
    }

    fn is_type(&mut self, answer: &Response, expected: &str) {
        let found = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("none");
        let right = found == expected;
        self.check(right, &format!("its type is {found}"));
    }

    fn note_header(&self, answer: &Response, name: &header::HeaderName) {
        if let Some(value) = answer.headers().get(name).and_then(|value| value.to_str().ok()) {
            self.console.line(format!("     {name}: {value}"));
        }
    }

    fn check(&mut self, right: bool, text: &str) {
        self.failed += u32::from(!right);
        self.console.line(format!("  {} {text}", if right { "ok" } else { "NO" }));
    }
}
